Feature: Several images of one name, and images that cannot be used
  Names are what corresponds. In the master a name that several selected images have is left out; in a region the first
  image with the master's content is taken, else the first. Images that are not active are treated as absent, and hidden
  ones are not mistaken for those that users see.

  Scenario: Selected duplicates in the master are ignored, all of them; others do no harm
    Given the master has the images
      | name  | content | visibility |
      | twice | twice-1 | public     |
      | twice | twice-2 | public     |
      | mixed | mixed-1 | public     |
      | mixed | mixed-2 | private    |
      | once  | once    | public     |
    And Burgos has the images
      | name  | content |
      | twice | other   |
    When I run "sync.py Burgos --config replace=any"
    Then the exit code is 0
    And it warns
      """
      WARNING:Duplicated images with name twice will be ignored
      """
    And Burgos has exactly these images
      | name  | content |
      | twice | other   |
      | mixed | mixed-1 |
      | once  | once    |

  Scenario: A hidden image is kept for rebuilds while the one that users see is replaced
    Given the master has the images
      | name | content | hidden |
      | base | base-2  | yes    |
      | base | base-3  | no     |
    And Burgos has the images
      | name | content | hidden |
      | base | base-1  | yes    |
      | base | base-2  | no     |
    When I run "sync.py Burgos --config replace=any"
    Then the exit code is 0
    And it warns of nothing
    And Burgos has exactly these images
      | name | content | hidden |
      | base | base-1  | yes    |
      | base | base-3  | no     |

  Scenario: With hidden in sync_fields the regions hide what the master has hidden
    Given the master has the images
      | name | content | hidden |
      | base | base-2  | yes    |
      | base | base-3  | no     |
    And Burgos has the images
      | name | content |
      | base | base-2  |
    When I run "sync.py Burgos --config replace=any sync_fields=hidden"
    Then the exit code is 0
    And Burgos has exactly these images
      | name | content | hidden |
      | base | base-2  | yes    |
      | base | base-3  | no     |
    When I run "sync.py Burgos --config replace=any sync_fields=hidden"
    Then the exit code is 0
    And it prints
      """
      INFO:======Master is Spain
      INFO:======Burgos
      INFO:Burgos: Region is synchronized.
      """

  Scenario: An image of that name in the master that is not ours or not active is no duplicate
    Given the master has the images
      | name | content | owner   | status |
      | base | base    |         | active |
      | base | theirs  | foreign | active |
      | base | -       |         | queued |
    When I run "sync.py Burgos"
    Then the exit code is 0
    And it warns of nothing
    And Burgos has exactly these images
      | name | content | owner      |
      | base | base    | glancesync |

  Scenario: Duplicates in the region: the one with the master's content, else the first
    Given the master has the images
      | name    | content | properties |
      | matched | matched | nid=1      |
      | unknown | unknown |            |
    And Burgos has the images
      | name    | content   | properties |
      | matched | matched-0 |            |
      | matched | matched   |            |
      | matched | matched   |            |
      | unknown | unknown-1 |            |
      | unknown | unknown-2 |            |
    When I run "sync.py Burgos --config replace={md5 of unknown-1},{md5 of matched-0}"
    Then the exit code is 0
    And it warns
      """
      WARNING:Burgos: image name matched is duplicated. UUIDs: {second uuid of matched in Burgos} {first uuid of matched in Burgos}
      WARNING:Burgos: image name matched is duplicated. UUIDs: {second uuid of matched in Burgos} {third uuid of matched in Burgos}
      WARNING:Burgos: image name unknown is duplicated. UUIDs: {first uuid of unknown in Burgos} {second uuid of unknown in Burgos}
      """
    And Burgos has exactly these images
      | name    | content   | properties |
      | matched | matched-0 |            |
      | matched | matched   | nid=1      |
      | matched | matched   |            |
      | unknown | unknown   |            |
      | unknown | unknown-2 |            |

  Scenario: A queued image is treated as absent, a deactivated one is never touched
    Given the master has the images
      | name    | content | properties |
      | differs | differs |            |
      | queued  | queued  |            |
      | same    | same    | nid=1      |
    And Burgos has the images
      | name    | content   | status      |
      | differs | differs-1 | deactivated |
      | queued  | -         | queued      |
      | same    | same      | deactivated |
    When I run "sync.py Burgos --show-status --config replace=any"
    Then the status is
      | status         | region | image   |
      | error_checksum | Burgos | differs |
      | pending_upload | Burgos | queued  |
      | ok             | Burgos | same    |
    And it warns "WARNING:Burgos: state of image queued with UUID {first uuid of queued in Burgos} is not active: queued"
    When I run "sync.py Burgos --config replace=any"
    Then the exit code is 0
    And Burgos has exactly these images
      | name    | content   | status      | properties |
      | differs | differs-1 | deactivated |            |
      | queued  | -         | queued      |            |
      | queued  | queued    | active      |            |
      | same    | same      | deactivated |            |
