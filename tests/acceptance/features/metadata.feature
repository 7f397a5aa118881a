Feature: Metadata is brought in line without sending the content again
  With metadata_set exactly those properties are compared and copied, and removed where the master lacks them.
  Without it all of the master's are compared and copied. All other properties of a region are local and stay.

  Background:
    Given the master has the images
      | name    | content | properties                    |
      | added   | added   | nid=1, type=base              |
      | changed | changed | nid=2, type=new               |
      | removed | removed | nid=3                         |
      | equal   | equal   | nid=4, type=base              |
    And Burgos has the images
      | name    | content | properties                    |
      | added   | added   | nid=1, local=kept             |
      | changed | changed | nid=2, type=old, local=kept   |
      | removed | removed | nid=3, type=base, local=kept  |
      | equal   | equal   | nid=4, type=base, local=kept  |

  Scenario: Without metadata_set properties are added and changed, never removed
    When I run "sync.py Burgos --show-status"
    Then the status is
      | status           | region | image   |
      | pending_metadata | Burgos | added   |
      | pending_metadata | Burgos | changed |
      | ok               | Burgos | equal   |
      | ok               | Burgos | removed |
    When I run "sync.py Burgos"
    Then the exit code is 0
    And it says
      """
      ======Master is Spain
      ======Burgos
      Burgos: Updating the metadata of image added
      Burgos: Updating the metadata of image changed
      Burgos:   Total uploaded to region: 0 (MB)
      """
    And Burgos has exactly these images
      | name    | content | uuid                           | properties                   |
      | added   | added   | {first uuid of added in Burgos}   | nid=1, type=base, local=kept |
      | changed | changed | {first uuid of changed in Burgos} | nid=2, type=new, local=kept  |
      | removed | removed | {first uuid of removed in Burgos} | nid=3, type=base, local=kept |
      | equal   | equal   | {first uuid of equal in Burgos}   | nid=4, type=base, local=kept |

  Scenario: With metadata_set the properties that it names are removed, too
    When I run "sync.py Burgos --show-status --config metadata_set=nid,type"
    Then the status is
      | status           | region | image   |
      | pending_metadata | Burgos | added   |
      | pending_metadata | Burgos | changed |
      | ok               | Burgos | equal   |
      | pending_metadata | Burgos | removed |
    When I run "sync.py Burgos --config metadata_set=nid,type"
    Then the exit code is 0
    And Burgos has exactly these images
      | name    | content | uuid                           | properties                   |
      | added   | added   | {first uuid of added in Burgos}   | nid=1, type=base, local=kept |
      | changed | changed | {first uuid of changed in Burgos} | nid=2, type=new, local=kept  |
      | removed | removed | {first uuid of removed in Burgos} | nid=3, local=kept            |
      | equal   | equal   | {first uuid of equal in Burgos}   | nid=4, type=base, local=kept |
    When I run "sync.py Burgos --config metadata_set=nid,type" again
    Then it says "Burgos: Region is synchronized."
    And no region was written to

  Scenario: Properties outside metadata_set are not looked at
    When I run "sync.py Burgos --config metadata_set=nid"
    Then the exit code is 0
    And it says "Burgos: Region is synchronized."
    And no region was written to

  Scenario: A change in the master after a synchronisation is followed
    Given I have run "sync.py Burgos --config metadata_set=nid,type"
    When the properties of the image "equal" of the master become "nid=5, other=1"
    And I run "sync.py Burgos --config metadata_set=nid,type"
    Then the exit code is 0
    And the image "equal" of Burgos has the properties "nid=5, local=kept"
    And the image "equal" of Burgos is still the one with the UUID "{first uuid of equal in Burgos}"

  Scenario: Public or not is always brought in line, the rest of the attributes is not
    Given the master has the images
      | name      | content | visibility | protected | min_disk | min_ram | tags    | properties |
      | published | one     | public     |           |          |         |         | nid=6      |
      | withdrawn | two     | private    |           |          |         |         | nid=7      |
      | attribute | three   | public     | yes       | 2        | 512     | lts, x  | nid=8      |
    And Burgos has the images
      | name      | content | visibility | protected | min_disk | min_ram | tags    | properties |
      | published | one     | private    |           |          |         |         | nid=6      |
      | withdrawn | two     | public     |           |          |         |         | nid=7      |
      | attribute | three   | public     |           | 1        |         | old     | nid=8      |
    When I run "sync.py Burgos --image published --image withdrawn --image attribute --config metadata_condition=True"
    Then the exit code is 0
    And it says
      """
      ======Master is Spain
      ======Burgos
      Burgos: Updating the metadata of image published
      Burgos: Updating the metadata of image withdrawn
      Burgos:   Total uploaded to region: 0 (MB)
      """
    And Burgos has exactly these images
      | name      | visibility | protected | min_disk | min_ram | tags |
      | published | public     | no        | 0        | 0       |      |
      | withdrawn | private    | no        | 0        | 0       |      |
      | attribute | public     | no        | 1        | 0       | old  |
      | added     | public     | no        | 0        | 0       |      |
      | changed   | public     | no        | 0        | 0       |      |
      | removed   | public     | no        | 0        | 0       |      |
      | equal     | public     | no        | 0        | 0       |      |

  Scenario: An upload carries everything that describes the image
    Given the master has the images
      | name     | content  | visibility | protected | min_disk | min_ram | tags   | properties                         |
      | complete | complete | public     | yes       | 2        | 512     | lts, x | nid=9, os_distro=debian, user_id=u |
    When I run "sync.py Caceres --image complete"
    Then the exit code is 0
    And Caceres has exactly these images
      | name     | content  | visibility | protected | min_disk | min_ram | tags   | properties              |
      | complete | complete | public     | yes       | 2        | 512     | lts, x | nid=9, os_distro=debian |
    When I run "sync.py Caceres --image complete" again
    Then it says "Caceres: Region is synchronized."
    And no region was written to
