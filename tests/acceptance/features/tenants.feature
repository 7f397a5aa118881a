Feature: Images of other tenants
  Names are not reserved: others may publish images of the same name. They are left out of account by default, and
  never changed, renamed or deleted, whatever the configuration says.

  Background:
    Given the master has the images
      | name      | content   |
      | alone     | alone     |
      | beside    | beside    |
      | different | different |
      | same      | same      |
    And Burgos has the images
      | name      | content         | owner   | visibility | properties |
      | same      | same            | foreign | public     | nid=9      |
      | different | their-different | foreign | public     |            |
      | beside    | their-beside    | foreign | community  |            |
      | beside    | beside          |         | public     |            |
      | alone     | their-alone     | foreign | private    |            |

  Scenario: Left out of account, with a warning; private ones are not even seen
    When I run "sync.py Burgos --show-status --config only_tenant_images=True"
    Then the exit code is 0
    And the status is
      | status         | region | image     |
      | pending_upload | Burgos | alone     |
      | ok             | Burgos | beside    |
      | pending_upload | Burgos | different |
      | pending_upload | Burgos | same      |
    And it warns "WARNING:Burgos: image same (UUID {first uuid of same in Burgos}) is owned by other tenant: {project of foreign}"
    And it warns "WARNING:Burgos: image different (UUID {first uuid of different in Burgos}) is owned by other tenant: {project of foreign}"
    And it warns "WARNING:Burgos: image beside (UUID {first uuid of beside in Burgos}) is owned by other tenant: {project of foreign}"
    When I run "sync.py Burgos --config only_tenant_images=True replace=any rename=any"
    Then the exit code is 0
    And Burgos has exactly these images
      | name      | content         | owner      | visibility | properties |
      | same      | same            | foreign    | public     | nid=9      |
      | different | their-different | foreign    | public     |            |
      | beside    | their-beside    | foreign    | community  |            |
      | alone     | their-alone     | foreign    | private    |            |
      | alone     | alone           | glancesync | public     |            |
      | beside    | beside          | glancesync | public     |            |
      | different | different       | glancesync | public     |            |
      | same      | same            | glancesync | public     |            |

  Scenario: The default is to leave them out
    When I run "sync.py Burgos --show-status"
    Then the status is
      | status         | region | image     |
      | pending_upload | Burgos | alone     |
      | ok             | Burgos | beside    |
      | pending_upload | Burgos | different |
      | pending_upload | Burgos | same      |

  Scenario: Considered: the same content will do, other content is a conflict
    When I run "sync.py Burgos --show-status --config only_tenant_images=False"
    Then the status is
      | status         | region | image     |
      | pending_upload | Burgos | alone     |
      | ok             | Burgos | beside    |
      | error_checksum | Burgos | different |
      | ok             | Burgos | same      |
    And it warns "WARNING:Burgos: image same (UUID {first uuid of same in Burgos}) is owned by other tenant: {project of foreign}"
    When I run "sync.py Burgos --config only_tenant_images=False"
    Then the exit code is 0
    And it says "Burgos: 1 images await a decision."

  Scenario Outline: Considered, with <rule>: ours is uploaded beside theirs, which stays
    When I run "sync.py Burgos --show-status --config only_tenant_images=False <rule>=any"
    Then the status is
      | status         | region | image     |
      | pending_upload | Burgos | alone     |
      | ok             | Burgos | beside    |
      | <status>       | Burgos | different |
      | ok             | Burgos | same      |
    When I run "sync.py Burgos --config only_tenant_images=False <rule>=any"
    Then the exit code is 0
    And Burgos has exactly these images
      | name      | content         | owner      | visibility | properties |
      | same      | same            | foreign    | public     | nid=9      |
      | different | their-different | foreign    | public     |            |
      | beside    | their-beside    | foreign    | community  |            |
      | alone     | their-alone     | foreign    | private    |            |
      | alone     | alone           | glancesync | public     |            |
      | beside    | beside          | glancesync | public     |            |
      | different | different       | glancesync | public     |            |
    When I run "sync.py Burgos --config only_tenant_images=False <rule>=any" again
    Then it says "Burgos: Region is synchronized."
    And no region was written to

    Examples:
      | rule    | status          |
      | replace | pending_replace |
      | rename  | pending_rename  |
