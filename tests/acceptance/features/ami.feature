Feature: Amazon images find their kernel and ramdisk in every region
  kernel_id and ramdisk_id hold UUIDs, which differ from region to region; the linked images correspond by name.
  Linked images go first whatever their size, and an image is never without its kernel.

  Scenario Outline: Kernel, ramdisk and image of <kernel>, <ramdisk> and <image>
    Given the master has the images
      | name     | content              | format | properties                                                              |
      | kernel   | kernel/<kernel>      | aki    |                                                                         |
      | ramdisk  | ramdisk/<ramdisk>    | ari    |                                                                         |
      | ami      | ami/<image>          | ami    | kernel_id={uuid of kernel}, ramdisk_id={uuid of ramdisk}, nid=1         |
    When I run "sync.py Burgos"
    Then the exit code is 0
    And it warns of nothing
    And it says
      """
      ======Master is Spain
      ======Burgos
      Burgos: Uploading image <first> (0 MB)
      Burgos: Image uploaded.
      Burgos: Uploading image <second> (0 MB)
      Burgos: Image uploaded.
      Burgos: Uploading image <third> (0 MB)
      Burgos: Image uploaded.
      Burgos:   Total uploaded to region: 0 (MB)
      """
    And Burgos has exactly these images
      | name    | content           | format | properties                                                                        |
      | kernel  | kernel/<kernel>   | aki    |                                                                                   |
      | ramdisk | ramdisk/<ramdisk> | ari    |                                                                                   |
      | ami     | ami/<image>       | ami    | kernel_id={uuid of kernel in Burgos}, ramdisk_id={uuid of ramdisk in Burgos}, nid=1 |
    When I run "sync.py Burgos" again
    Then it says "Burgos: Region is synchronized."
    And no region was written to

    Examples:
      | kernel | ramdisk | image | first   | second  | third |
      | 4K     | 8K      | 16K   | kernel  | ramdisk | ami   |
      | 16K    | 8K      | 4K    | ramdisk | kernel  | ami   |
      | 4K     | 16K     | 8K    | kernel  | ramdisk | ami   |

  Scenario: A replaced kernel: what uses it follows in the same run
    Given the master has the images
      | name      | content    | format | properties                                                      |
      | kernel    | kernel-2   | aki    |                                                                 |
      | ramdisk   | ramdisk    | ari    |                                                                 |
      | ami       | ami        | ami    | kernel_id={uuid of kernel}, ramdisk_id={uuid of ramdisk}, nid=2 |
    And Burgos has the images
      | name      | content    | format | properties                                                                          |
      | kernel    | kernel-1   | aki    |                                                                                     |
      | ramdisk   | ramdisk    | ari    |                                                                                     |
      | ami       | ami        | ami    | kernel_id={uuid of kernel in Burgos}, ramdisk_id={uuid of ramdisk in Burgos}, nid=1 |
    When I run "sync.py Burgos --show-status --config replace=any"
    Then the status is
      | status          | region | image   |
      | pending_ami     | Burgos | ami     |
      | pending_replace | Burgos | kernel  |
      | ok              | Burgos | ramdisk |
    When I run "sync.py Burgos --config replace=any"
    Then the exit code is 0
    And it warns of nothing
    And it says
      """
      ======Master is Spain
      ======Burgos
      Burgos: Replacing image kernel (0 MB)
      Burgos: Image uploaded.
      Burgos: Updating the metadata of image ami
      Burgos:   Total uploaded to region: 0 (MB)
      """
    And Burgos has exactly these images
      | name    | content  | uuid                              | properties                                                                                |
      | kernel  | kernel-2 | {uuid of kernel in Burgos}        |                                                                                           |
      | ramdisk | ramdisk  | {first uuid of ramdisk in Burgos} |                                                                                           |
      | ami     | ami      | {first uuid of ami in Burgos}     | kernel_id={uuid of kernel in Burgos}, ramdisk_id={first uuid of ramdisk in Burgos}, nid=2 |

  Scenario: A renamed kernel is kept with its name, and nothing of ours uses it any more
    Given the master has the images
      | name   | content  | format | properties                 |
      | kernel | kernel-2 | aki    |                            |
      | ami    | ami      | ami    | kernel_id={uuid of kernel} |
    And Burgos has the images
      | name   | content  | format | properties                           |
      | kernel | kernel-1 | aki    |                                      |
      | ami    | ami      | ami    | kernel_id={uuid of kernel in Burgos} |
    When I run "sync.py Burgos --config rename=any"
    Then the exit code is 0
    And Burgos has exactly these images
      | name       | content  | visibility | properties                           |
      | kernel     | kernel-2 | public     |                                      |
      | kernel.old | kernel-1 | private    |                                      |
      | ami        | ami      | public     | kernel_id={uuid of kernel in Burgos} |

  Scenario: Kernel, ramdisk and image are all replaced, and nothing is kept needlessly
    Given the master has the images
      | name    | content   | format | properties                                               |
      | kernel  | kernel-2  | aki    |                                                          |
      | ramdisk | ramdisk-2 | ari    |                                                          |
      | ami     | ami-2     | ami    | kernel_id={uuid of kernel}, ramdisk_id={uuid of ramdisk} |
    And Burgos has the images
      | name    | content   | format | properties                                                                   |
      | kernel  | kernel-1  | aki    |                                                                              |
      | ramdisk | ramdisk-1 | ari    |                                                                              |
      | ami     | ami-1     | ami    | kernel_id={uuid of kernel in Burgos}, ramdisk_id={uuid of ramdisk in Burgos} |
    When I run "sync.py Burgos --config replace=any"
    Then the exit code is 0
    And Burgos has exactly these images
      | name    | content   | properties                                                                   |
      | kernel  | kernel-2  |                                                                              |
      | ramdisk | ramdisk-2 |                                                                              |
      | ami     | ami-2     | kernel_id={uuid of kernel in Burgos}, ramdisk_id={uuid of ramdisk in Burgos} |

  Scenario: A replaced kernel that local images still use is kept
    Given the master has the images
      | name   | content  | format | properties |
      | kernel | kernel-2 | aki    |            |
    And Burgos has the images
      | name   | content  | format | visibility | properties                           |
      | kernel | kernel-1 | aki    | public     |                                      |
      | local  | local    | ami    | private    | kernel_id={uuid of kernel in Burgos} |
    When I run "sync.py Burgos --config replace=any"
    Then the exit code is 0
    And Burgos has exactly these images
      | name       | content  | visibility | uuid                             | properties                                 |
      | kernel     | kernel-2 | public     | {uuid of kernel in Burgos}       |                                            |
      | kernel.old | kernel-1 | private    | {first uuid of kernel in Burgos} |                                            |
      | local      | local    | private    | {first uuid of local in Burgos}  | kernel_id={first uuid of kernel in Burgos} |

  Scenario: A link to an image that is not synchronised stops that image alone
    Given the master has the images
      | name    | content | format | visibility | properties                                       |
      | secret  | secret  | aki    | private    |                                                  |
      | stopped | stopped | ami    | public     | kernel_id={uuid of secret}                       |
      | gone    | gone    | ami    | public     | ramdisk_id=8d6f3a58-1f53-4b05-9f0a-2f70b2d2a9f1  |
      | plain   | plain   | raw    | public     | kernel_id=                                       |
    When I run "sync.py Burgos --show-status"
    Then the exit code is 0
    And the status is
      | status         | region | image   |
      | error_ami      | Burgos | gone    |
      | pending_upload | Burgos | plain   |
      | error_ami      | Burgos | stopped |
    When I run "sync.py Burgos"
    Then the exit code is 0
    And it warns "WARNING:Burgos: Not found secret on region. It should be kernel_id of image stopped"
    And it says "Burgos: 2 images await a decision."
    And Burgos has exactly these images
      | name  | content |
      | plain | plain   |

  Scenario: A link that points to another region's image is mended
    Given the master has the images
      | name   | content | format | properties                 |
      | kernel | kernel  | aki    |                            |
      | ami    | ami     | ami    | kernel_id={uuid of kernel} |
      | free   | free    | ami    |                            |
    And Burgos has the images
      | name   | content | format | properties                 |
      | kernel | kernel  | aki    |                            |
      | ami    | ami     | ami    | kernel_id={uuid of kernel} |
      | free   | free    | ami    | kernel_id={uuid of kernel} |
    When I run "sync.py Burgos --show-status"
    Then the status is
      | status           | region | image  |
      | pending_metadata | Burgos | ami    |
      | pending_metadata | Burgos | free   |
      | ok               | Burgos | kernel |
    When I run "sync.py Burgos"
    Then the exit code is 0
    And Burgos has exactly these images
      | name   | content | properties                           |
      | kernel | kernel  |                                      |
      | ami    | ami     | kernel_id={uuid of kernel in Burgos} |
      | free   | free    |                                      |
