Feature: Which images of the master are synchronised
  The first rule that applies decides: obsolete names never, forcesyncs always, metadata_condition by its truth,
  then public images only, and of these those with a property of metadata_set, or all when there is no such set.

  Scenario: Every usable public image of the project, by default
    Given the master has the images
      | name         | content | visibility | owner   | status      | hidden | properties                         |
      | base         | base    | public     |         | active      |        |                                    |
      | hidden       | hidden  | public     |         | active      | yes    | nid=1                              |
      | private      | private | private    |         | active      |        | nid=2                              |
      | shared       | shared  | shared     |         | active      |        |                                    |
      | community    | commune | community  |         | active      |        |                                    |
      | old_obsolete | old     | public     |         | active      |        |                                    |
      | foreign      | foreign | public     | foreign | active      |        |                                    |
      | empty        | -       | public     |         | queued      |        |                                    |
      | stopped      | stopped | public     |         | deactivated |        |                                    |
      |              | unnamed | public     |         | active      |        |                                    |
      | twice        | twice-1 | public     |         | active      |        |                                    |
      | twice        | twice-2 | private    |         | active      |        |                                    |
      | encrypted    | secret  | public     |         | active      |        | cinder_encryption_key_id=k1        |
      | volume       | x/0K    | public     |         | active      |        | block_device_mapping=[]            |
    When I run "sync.py Burgos --show-status"
    Then the exit code is 0
    And the status is
      | status         | region | image |
      | pending_upload | Burgos | base  |
      | pending_upload | Burgos | twice |
    And it warns
      """
      WARNING:Image encrypted will be ignored: it is encrypted with a key (cinder_encryption_key_id) that other regions do not have
      WARNING:Image volume will be ignored: it is a snapshot of a volume and holds no bytes
      """
    When I run "sync.py Burgos"
    Then the exit code is 0
    And Burgos has exactly these images
      | name  | content | visibility |
      | base  | base    | public     |
      | twice | twice-1 | public     |

  Scenario: With metadata_set, the public images that have one of its properties
    Given the master has the images
      | name    | content | visibility | properties           |
      | one     | one     | public     | nid=1                |
      | other   | other   | public     | type=base, colour=1  |
      | neither | neither | public     | colour=2             |
      | without | without | public     |                      |
      | private | private | private    | nid=3                |
    When I run "sync.py Burgos --config metadata_set=nid,type"
    Then the exit code is 0
    And Burgos has exactly these images
      | name  | content | properties |
      | one   | one     | nid=1      |
      | other | other   | type=base  |

  Scenario: A condition decides instead, and may choose private images
    Given the configuration
      """
      [DEFAULT]
      metadata_set = nid
      metadata_condition = image.user_properties.get('type') == 'baseimages' and image.size > 4096
      """
    And the master has the images
      | name          | content    | visibility | properties      |
      | small         | small/4K   | public     | type=baseimages |
      | large         | large/8K   | public     | type=baseimages |
      | large-private | secret/12K | private    | type=baseimages |
      | in-the-set    | set/8K     | public     | nid=1           |
      | x_obsolete    | gone/8K    | public     | type=baseimages |
    When I run "sync.py Burgos"
    Then the exit code is 0
    And Burgos has exactly these images
      | name          | content    | visibility |
      | large         | large/8K   | public     |
      | large-private | secret/12K | private    |

  Scenario: A condition that fails on an image leaves that image out
    Given the configuration
      """
      [DEFAULT]
      metadata_condition = int(image.user_properties['nid']) > 1
      """
    And the master has the images
      | name   | content | properties |
      | none   | none    |            |
      | one    | one     | nid=1      |
      | two    | two     | nid=2      |
      | word   | word    | nid=many   |
    When I run "sync.py Burgos"
    Then the exit code is 0
    And Burgos has exactly these images
      | name | content |
      | two  | two     |

  Scenario: forcesyncs chooses images whatever the other rules say, but no obsolete ones
    Given the master has the images
      | name     | content | visibility | properties |
      | wanted   | wanted  | private    | colour=red |
      | unwanted | other   | public     | nid=1      |
      | x_obsolete | gone  | public     |            |
    When I run "sync.py Burgos --config metadata_condition=False forcesyncs={uuid of wanted},{uuid of x_obsolete}"
    Then the exit code is 0
    And Burgos has exactly these images
      | name   | content | visibility | properties |
      | wanted | wanted  | private    | colour=red |

  Scenario: forcesyncs adds to what metadata_set chooses
    Given the master has the images
      | name    | content | visibility | properties |
      | forced  | forced  | private    | colour=red |
      | chosen  | chosen  | public     | nid=1      |
      | neither | neither | public     | colour=red |
    When I run "sync.py Burgos --config metadata_set=nid forcesyncs={uuid of forced}"
    Then the exit code is 0
    And Burgos has exactly these images
      | name   | content | visibility | properties |
      | forced | forced  | private    |            |
      | chosen | chosen  | public     | nid=1      |

  Scenario: --image narrows what is done and never what is computed
    Given the master has the images
      | name     | content  | format | properties                              |
      | kernel   | kernel   | aki    |                                         |
      | ami      | ami      | ami    | kernel_id={uuid of kernel}              |
      | web-1    | web-1    | raw    |                                         |
      | web-2    | web-2    | raw    |                                         |
      | database | database | raw    |                                         |
    When I run "sync.py Burgos --image 'web-*' --image ami"
    Then the exit code is 0
    And Burgos has exactly these images
      | name   | content | properties                           |
      | kernel | kernel  |                                      |
      | ami    | ami     | kernel_id={uuid of kernel in Burgos} |
      | web-1  | web-1   |                                      |
      | web-2  | web-2   |                                      |
    When I run "sync.py Burgos --show-status --image 'd*'"
    Then the exit code is 0
    And the status is
      | status         | region | image    |
      | pending_upload | Burgos | database |
    When I run "sync.py Burgos --image nothing"
    Then the exit code is 1
    And no region was written to
