Feature: What can be asked for, region after region or all at the same time
  --parallel works on the regions in processes of their own. It combines with every mode and changes the meaning of
  none; only a run and a dry-run then write their narrative to files.

  Background:
    Given the master has the images
      | name    | content  | properties |
      | changed | changed  | nid=1      |
      | missing | missing  | nid=2      |
      | open    | open-2   | nid=3      |
      | same    | same     | nid=4      |
    And Burgos has the images
      | name    | content  | properties |
      | changed | changed  | nid=0      |
      | open    | open-1   | nid=3      |
      | same    | same     | nid=4      |
    And Madrid has a public image "same" with content "same" and properties "nid=4"

  Scenario: A run
    When I run "sync.py Burgos federation2:Madrid"
    Then the exit code is 0
    And it says
      """
      ======Master is Spain
      ======Burgos
      Burgos: Updating the metadata of image changed
      Burgos: Uploading image missing (0 MB)
      Burgos: Image uploaded.
      Burgos: 1 images await a decision.
      Burgos:   Total uploaded to region: 0 (MB)
      ======federation2:Madrid
      federation2:Madrid: Uploading image changed (0 MB)
      federation2:Madrid: Image uploaded.
      federation2:Madrid: Uploading image missing (0 MB)
      federation2:Madrid: Image uploaded.
      federation2:Madrid: Uploading image open (0 MB)
      federation2:Madrid: Image uploaded.
      federation2:Madrid:   Total uploaded to region: 0 (MB)
      """
    And no files were written
    And federation2:Madrid has the master's images, byte for byte, with their properties
    And Burgos has exactly these images
      | name    | content | properties |
      | changed | changed | nid=1      |
      | missing | missing | nid=2      |
      | open    | open-1  | nid=3      |
      | same    | same    | nid=4      |

  Scenario: A parallel run
    When I run "sync.py Burgos federation2:Madrid --parallel"
    Then the exit code is 0
    And it says, the regions in any order
      """
      ======Master is Spain
      max_children is 1, so --parallel does one region at a time; [main] max_children = N does N at once
      Burgos: 1 uploaded (0 MB), 1 updated, 1 to decide, T s
      Region Burgos has finished
      federation2:Madrid: 3 uploaded (0 MB), T s
      Region federation2:Madrid has finished
      All is done.
      """
    And it warns of nothing
    And these files were written, for nobody else to read
      | file                          |
      | sync_*/Burgos.txt             |
      | sync_*/federation2:Madrid.txt |
    And the file "sync_*/Burgos.txt" says
      """
      INFO ======Burgos
      WARNING Image open has a different checksum ({md5 of open-1}) in region Burgos than in the master region. To decide, write "replace = {md5 of open-1}" in [master]; then this image is replaced, with rename it is kept as open.old, with dontupdate it stays as it is.
      INFO Burgos: Updating the metadata of image changed
      INFO Burgos: Uploading image missing (0 MB)
      INFO Burgos: Image uploaded.
      INFO Burgos: 1 images await a decision.
      INFO Burgos:   Total uploaded to region: 0 (MB)
      """
    And federation2:Madrid has the master's images, byte for byte, with their properties
    And Burgos has exactly these images
      | name    | content | properties |
      | changed | changed | nid=1      |
      | missing | missing | nid=2      |
      | open    | open-1  | nid=3      |
      | same    | same    | nid=4      |

  Scenario: A dry-run
    When I run "sync.py Burgos federation2:Madrid --dry-run"
    Then the exit code is 0
    And it says
      """
      Dry run: nothing is changed.
      ======Master is Spain
      ======Burgos
      Burgos: Image pending to update the metadata changed
      Burgos: Image changed differs: nid 0 → 1
      Burgos: Pending: missing (0 MB)
      Burgos: 1 images await a decision.
      Burgos: MBs pending : 0
      ======federation2:Madrid
      federation2:Madrid: Pending: changed (0 MB)
      federation2:Madrid: Pending: missing (0 MB)
      federation2:Madrid: Pending: open (0 MB)
      federation2:Madrid: MBs pending : 0
      """
    And no region was written to
    And no files were written

  Scenario: A parallel dry-run
    When I run "sync.py Burgos federation2:Madrid --parallel --dry-run"
    Then the exit code is 0
    And it says, the regions in any order
      """
      Dry run: nothing is changed.
      ======Master is Spain
      max_children is 1, so --parallel does one region at a time; [main] max_children = N does N at once
      ======Burgos
      Burgos: Image pending to update the metadata changed
      Burgos: Image changed differs: nid 0 → 1
      Burgos: Pending: missing (0 MB)
      Burgos: 1 images await a decision.
      Burgos: MBs pending : 0
      Burgos: 1 would be uploaded (0 MB), 1 would be updated, 1 to decide, T s
      Region Burgos has finished
      ======federation2:Madrid
      federation2:Madrid: Pending: changed (0 MB)
      federation2:Madrid: Pending: missing (0 MB)
      federation2:Madrid: Pending: open (0 MB)
      federation2:Madrid: MBs pending : 0
      federation2:Madrid: 3 would be uploaded (0 MB), T s
      Region federation2:Madrid has finished
      All is done.
      """
    And no region was written to
    And the file "sync_*/federation2:Madrid.txt" says
      """
      INFO ======federation2:Madrid
      INFO federation2:Madrid: Pending: changed (0 MB)
      INFO federation2:Madrid: Pending: missing (0 MB)
      INFO federation2:Madrid: Pending: open (0 MB)
      INFO federation2:Madrid: MBs pending : 0
      """

  Scenario Outline: The status <manner>
    When I run "sync.py Burgos federation2:Madrid --show-status <manner>"
    Then the exit code is 0
    And the status is
      | status           | region             | image   |
      | pending_metadata | Burgos             | changed |
      | pending_upload   | Burgos             | missing |
      | error_checksum   | Burgos             | open    |
      | ok               | Burgos             | same    |
      | pending_upload   | federation2:Madrid | changed |
      | pending_upload   | federation2:Madrid | missing |
      | pending_upload   | federation2:Madrid | open    |
      | ok               | federation2:Madrid | same    |
    And it warns "WARNING:Image open has a different checksum ({md5 of open-1}) in region Burgos than in the master region. To decide, write "replace = {md5 of open-1}" in [master]; then this image is replaced, with rename it is kept as open.old, with dontupdate it stays as it is."
    And no region was written to
    And no files were written

    Examples:
      | manner     |
      |            |
      | --parallel |

  Scenario Outline: The regions <manner>
    When I run "sync.py --show-regions <manner>"
    Then the exit code is 0
    And it prints
      """
      Burgos Caceres federation2:Madrid
      """
    And it warns of nothing
    And Spain, Burgos, Caceres and Madrid were not contacted
    And no files were written

    Examples:
      | manner     |
      |            |
      | --parallel |

  Scenario Outline: Backups <manner>
    When I run "sync.py Burgos federation2:Madrid --make-backups <manner>"
    Then the exit code is 0
    And it warns of nothing
    And no region was written to
    And these files were written, for nobody else to read
      | file                                            |
      | backup_glance_*/backup_Spain.csv                |
      | backup_glance_*/backup_Spain.jsonl              |
      | backup_glance_*/backup_Burgos.csv               |
      | backup_glance_*/backup_Burgos.jsonl             |
      | backup_glance_*/backup_federation2:Madrid.csv   |
      | backup_glance_*/backup_federation2:Madrid.jsonl |
    And the backup of Burgos holds
      | name    | status |
      | changed | active |
      | open    | active |
      | same    | active |

    Examples:
      | manner     |
      |            |
      | --parallel |

  Scenario: --exit-code shows scripts what is to be done
    When I run "sync.py Burgos --show-status --exit-code"
    Then the exit code is 3
    And it warns "WARNING:Exit code 3: something is pending in Burgos; images await a decision in Burgos"
    When I run "sync.py Burgos --dry-run --exit-code"
    Then the exit code is 3
    When I run "sync.py Burgos --exit-code"
    Then the exit code is 3
    And it warns "WARNING:Exit code 3: images await a decision in Burgos"
    When I run "sync.py Burgos --exit-code --config replace=any"
    Then the exit code is 0
    When I run "sync.py Burgos --show-status --exit-code"
    Then the exit code is 0

  Scenario: A slip in the configuration does not look as if all were in order
    When I run "sync.py Burgos --exit-code --config metadata_set=nidd"
    Then the exit code is 3
    And it says "Burgos: Region is synchronized."
    And it warns "WARNING:Exit code 3: no image is selected for target master"
    And no region was written to
