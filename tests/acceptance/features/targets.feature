Feature: Regions and targets
  Without names all regions of the master's Keystone are done, less the ignored ones. TARGET: stands for all regions
  of a target, TARGET:REGION for one of them. The master region is never written to.

  Scenario: Two targets, each with its own credentials and rules
    Given the configuration
      """
      [master]
      metadata_set = type
      replace = any
      [federation2]
      metadata_condition = image.name != 'local'
      rename = any
      """
    And the master has the images
      | name  | content | visibility | properties   |
      | base  | base-2  | public     | type=x, n=1  |
      | local | local   | public     | type=y       |
      | other | other   | private    | n=2          |
    And Burgos has a public image "base" with content "base-1" and properties "type=x"
    And federation2:Madrid has a public image "base" with content "base-1" and properties "type=x"
    When I run "sync.py Burgos federation2:Madrid --show-status"
    Then the exit code is 0
    And the status is
      | status          | region             | image |
      | pending_replace | Burgos             | base  |
      | pending_upload  | Burgos             | local |
      | pending_rename  | federation2:Madrid | base  |
      | pending_upload  | federation2:Madrid | other |
    When I run "sync.py Burgos federation2:Madrid"
    Then the exit code is 0
    And Burgos has exactly these images
      | name  | content | visibility | properties |
      | base  | base-2  | public     | type=x     |
      | local | local   | public     | type=y     |
    And federation2:Madrid has exactly these images
      | name     | content | visibility | properties  | owner      |
      | base     | base-2  | public     | type=x, n=1 | glancesync |
      | base.old | base-1  | private    | type=x      | glancesync |
      | other    | other   | private    | n=2         | glancesync |

  Scenario: All regions of the master's Keystone, and nobody else's
    Given the master has a public image "base" with content "base"
    When I run "sync.py"
    Then the exit code is 0
    And it works on the regions "Burgos Caceres" in this order
    And Burgos has exactly one image "base" with the master's bytes
    And Caceres has exactly one image "base" with the master's bytes
    And Madrid and keystone-b were not contacted
    And federation2:Madrid has no images

  Scenario: The order of the command line, an expanded one, and the preferred one
    Given the master has a public image "base" with content "base"
    When I run "sync.py Caceres federation2:Madrid Burgos Caceres --dry-run"
    Then the exit code is 0
    And it works on the regions "Caceres federation2:Madrid Burgos" in this order
    When I run "sync.py federation2: master: --dry-run"
    Then it works on the regions "Burgos Caceres federation2:Madrid" in this order
    When I run "sync.py federation2: master: --dry-run --config main.preferable_order=federation2:Madrid,master:Caceres"
    Then it works on the regions "federation2:Madrid Caceres Burgos" in this order
    When I run "sync.py Burgos Caceres --dry-run --config main.preferable_order=Caceres"
    Then it works on the regions "Burgos Caceres" in this order

  Scenario: Ignored regions are left out unless they are named
    Given the configuration
      """
      [DEFAULT]
      ignore_regions = Caceres, Nowhere
      """
    And the master has a public image "base" with content "base"
    When I run "sync.py"
    Then the exit code is 0
    And it works on the regions "Burgos" in this order
    And Caceres has no images
    When I run "sync.py master: federation2: Caceres --dry-run"
    Then it works on the regions "Burgos Caceres federation2:Madrid" in this order
    When I run "sync.py Caceres"
    Then the exit code is 0
    And Caceres has exactly one image "base" with the master's bytes

  Scenario: The master region is recognised under every name, and never written to
    Given the configuration
      """
      [twin]
      user = glancesync
      password = {password of master}
      keystone_url = {url of master}
      tenant = glancesync
      replace = any
      """
    And the master has the images
      | name       | content | visibility |
      | base       | base    | public     |
      | x_obsolete | x       | private    |
    When I run "sync.py twin: --dry-run"
    Then the exit code is 0
    And it works on the regions "twin:Burgos twin:Caceres" in this order
    When I run "sync.py Spain twin:Spain"
    Then the exit code is 0
    And it says
      """
      ======Master is Spain
      ======Spain
      Spain: This is the master region; nothing is written to it.
      Spain: Region is synchronized.
      ======twin:Spain
      twin:Spain: This is the master region Spain; nothing is written to it.
      twin:Spain: Region is synchronized.
      """
    And no region was written to
    When I run "sync.py Spain --show-status"
    Then the status is
      | status | region | image |
      | ok     | Spain  | base  |
