Feature: Obsolete images
  The master renames an image to X_obsolete. Regions that have the same content as X follow: name, visibility and
  the properties of obsolete_syncprops. Obsolete images are never uploaded.

  Scenario: All cases at once
    Given the configuration
      """
      [DEFAULT]
      support_obsolete_images = True
      obsolete_syncprops = nid, type
      """
    And the master has the images
      | name              | content   | visibility | properties              |
      | renamed_obsolete  | renamed   | private    | nid=1, type=x, colour=1 |
      | already_obsolete  | already   | private    | nid=2                   |
      | both_obsolete     | both      | private    |                         |
      | other_obsolete    | other     | private    |                         |
      | foreign_obsolete  | foreign   | private    |                         |
      | absent_obsolete   | absent    | public     |                         |
      | back_obsolete     | back-old  | private    |                         |
      | back              | back      | public     |                         |
      | hidden_obsolete   | hidden    | private    |                         |
      | hidden            | hidden-2  | private    |                         |
      | equal_obsolete    | equal     | public     | nid=3                   |
    And Burgos has the images
      | name              | content     | visibility | owner   | properties              |
      | renamed           | renamed     | public     |         | nid=0, type=x, local=1  |
      | already_obsolete  | already     | public     |         | type=kept               |
      | both              | both        | public     |         |                         |
      | both_obsolete     | both        | public     |         |                         |
      | other             | other-here  | public     |         |                         |
      | foreign           | foreign     | public     | foreign |                         |
      | back              | back-old    | public     |         |                         |
      | hidden            | hidden      | public     |         |                         |
      | equal_obsolete    | equal       | public     |         | nid=3                   |
    When I run "sync.py Burgos --dry-run"
    Then the exit code is 0
    And it says
      """
      Dry run: nothing is changed.
      ======Master is Spain
      ======Burgos
      Burgos: Image pending to be marked obsolete: already_obsolete
      Burgos: Image pending to be marked obsolete: both_obsolete
      Burgos: Image pending to be marked obsolete: both_obsolete
      Burgos: Image pending to be marked obsolete: hidden_obsolete
      Burgos: Image pending to be marked obsolete: renamed_obsolete
      Burgos: 1 images await a decision.
      Burgos: MBs pending : 0
      """
    And no region was written to
    When I run "sync.py Burgos"
    Then the exit code is 0
    And it says
      """
      ======Master is Spain
      ======Burgos
      Burgos: updating obsolete image already_obsolete
      Burgos: updating obsolete image both_obsolete
      Burgos: updating obsolete image both_obsolete
      Burgos: updating obsolete image hidden_obsolete
      Burgos: updating obsolete image renamed_obsolete
      Burgos: 1 images await a decision.
      Burgos:   Total uploaded to region: 0 (MB)
      """
    And it warns "WARNING:Ignore obsolete master image back_obsolete because back exists and it is synchronisable."
    And it warns "WARNING:Burgos: image name both_obsolete is duplicated. UUIDs: {first uuid of both in Burgos} {first uuid of both_obsolete in Burgos}"
    And Burgos has exactly these images
      | name             | content    | visibility | owner      | properties             | uuid                                       |
      | renamed_obsolete | renamed    | private    | glancesync | nid=1, type=x, local=1 | {first uuid of renamed in Burgos}          |
      | already_obsolete | already    | private    | glancesync | nid=2, type=kept       | {first uuid of already_obsolete in Burgos} |
      | both_obsolete    | both       | private    | glancesync |                        | {first uuid of both in Burgos}             |
      | both_obsolete    | both       | private    | glancesync |                        | {first uuid of both_obsolete in Burgos}    |
      | other            | other-here | public     | glancesync |                        | {first uuid of other in Burgos}            |
      | foreign          | foreign    | public     | foreign    |                        | {first uuid of foreign in Burgos}          |
      | back             | back-old   | public     | glancesync |                        | {first uuid of back in Burgos}             |
      | hidden_obsolete  | hidden     | private    | glancesync |                        | {first uuid of hidden in Burgos}           |
      | equal_obsolete   | equal      | public     | glancesync | nid=3                  | {first uuid of equal_obsolete in Burgos}   |
    When I run "sync.py Burgos" again
    Then the exit code is 0
    And no region was written to

  Scenario: Without obsolete_syncprops only name and visibility follow
    Given the configuration
      """
      [DEFAULT]
      support_obsolete_images = True
      """
    And the master has a private image "x_obsolete" with content "x" and properties "nid=1"
    And Burgos has a public image "x" with content "x" and properties "nid=0"
    When I run "sync.py Burgos"
    Then the exit code is 0
    And Burgos has exactly these images
      | name       | content | visibility | properties |
      | x_obsolete | x       | private    | nid=0      |

  Scenario: Turned off, obsolete images are neither renamed nor uploaded
    Given the master has a private image "x_obsolete" with content "x"
    And Burgos has a public image "x" with content "x"
    When I run "sync.py Burgos --config support_obsolete_images=False"
    Then the exit code is 0
    And it says "Burgos: Region is synchronized."
    And no region was written to

  Scenario: An image of that name in the master that is not synchronised is no obstacle
    Given the configuration
      """
      [DEFAULT]
      support_obsolete_images = True
      metadata_set = nid
      """
    And the master has a private image "x_obsolete" with content "first"
    And the master has a public image "x" with content "second"
    And Burgos has a public image "x" with content "first"
    When I run "sync.py Burgos"
    Then the exit code is 0
    And Burgos has exactly these images
      | name       | content | visibility |
      | x_obsolete | first   | private    |
