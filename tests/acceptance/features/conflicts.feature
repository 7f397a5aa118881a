Feature: Images of the region whose content is not the master's
  The region's checksum decides: listed in dontupdate, rename or replace, in this order, then any in rename, then any
  in replace. Without a rule the operator has to decide and nothing is touched.

  Scenario: Without a rule nothing is touched, and the run says what to fill in
    Given the master has a public image "base" with content "new"
    And Burgos has a public image "base" with content "old"
    When I run "sync.py Burgos"
    Then the exit code is 0
    And it says
      """
      ======Master is Spain
      ======Burgos
      Burgos: 1 images await a decision; nothing else is to be done.
      Burgos: Region is synchronized.
      """
    And it warns
      """
      WARNING:Image base has a different checksum ({md5 of old}) in region Burgos than in the master region. To decide, write "replace = {md5 of old}" in [master]; then this image is replaced, with rename it is kept as base.old, with dontupdate it stays as it is.
      """
    And no region was written to
    And Burgos has exactly these images
      | name | content |
      | base | old     |

  Scenario Outline: The rule <rules> makes it <status>
    Given the master has a public image "base" with content "new" and properties "nid=1"
    And Burgos has a public image "base" with content "old" and properties "nid=1, local=1"
    When I run "sync.py Burgos --show-status --config <rules>"
    Then the exit code is 0
    And the status is
      | status   | region | image |
      | <status> | Burgos | base  |
    When I run "sync.py Burgos --config <rules>"
    Then the exit code is 0
    And Burgos has exactly <images>

    Examples: Each rule
      | rules                       | status              | images                 |
      | dontupdate={md5 of old}     | ok_stalled_checksum | the old image          |
      | rename={md5 of old}         | pending_rename      | both, the old one aside |
      | replace={md5 of old}        | pending_replace     | the new image          |
      | rename=any                  | pending_rename      | both, the old one aside |
      | replace=any                 | pending_replace     | the new image          |
      | replace={sha512 of old}     | pending_replace     | the new image          |
      | replace={md5 of other}      | error_checksum      | the old image          |
      | replace={md5 of new}        | error_checksum      | the old image          |

    Examples: Which rule goes first
      | rules                                                                           | status              | images                  |
      | dontupdate={md5 of old} rename={md5 of old} replace={md5 of old}                | ok_stalled_checksum | the old image           |
      | dontupdate={md5 of old} rename=any replace=any                                  | ok_stalled_checksum | the old image           |
      | rename={md5 of old} replace={md5 of old}                                        | pending_rename      | both, the old one aside |
      | rename=any replace={md5 of old}                                                 | pending_replace     | the new image           |
      | rename={md5 of old} replace=any                                                 | pending_rename      | both, the old one aside |
      | rename=any replace=any                                                          | pending_rename      | both, the old one aside |

  Scenario: A replaced image is reported, and never missing in between
    Given the master has a public image "base" with content "new/64K" and properties "nid=1"
    And Burgos has the images
      | name | content | visibility | protected | properties |
      | base | old     | private    | yes       | local=1    |
    When I run "sync.py Burgos --dry-run --config replace=any"
    Then it says
      """
      Dry run: nothing is changed.
      ======Master is Spain
      ======Burgos
      Burgos: Replacing image base (0 MB)
      Burgos: Pending: base (0 MB)
      Burgos: MBs pending : 0
      """
    And no region was written to
    When I run "sync.py Burgos --config replace=any"
    Then the exit code is 0
    And it says
      """
      ======Master is Spain
      ======Burgos
      Burgos: Replacing image base (0 MB)
      Burgos: Image uploaded.
      Burgos:   Total uploaded to region: 0 (MB)
      """
    And it warns of nothing
    And Burgos has exactly these images
      | name | content | visibility | protected | properties |
      | base | new/64K | public     | no        | nid=1      |

  Scenario: Old images that are kept get the next free name
    Given the master has a public image "base" with content "third"
    And Burgos has the images
      | name     | content | visibility | properties |
      | base     | second  | public     | nid=2      |
      | base.old | first   | private    | nid=1      |
    When I run "sync.py Burgos --config rename=any"
    Then the exit code is 0
    And it says "Burgos: Renaming and replacing image base (0 MB)"
    And Burgos has exactly these images
      | name       | content | visibility | properties | uuid                                |
      | base       | third   | public     |            | {uuid of base in Burgos}            |
      | base.old   | first   | private    | nid=1      | {first uuid of base.old in Burgos}  |
      | base.old.2 | second  | private    | nid=2      | {first uuid of base in Burgos}      |

  Scenario: Several images at once, each by its own rule
    Given the configuration
      """
      [DEFAULT]
      dontupdate = {md5 of stalled-1}
      rename = {md5 of renamed-1}
      replace = {md5 of replaced-1}, {md5 of protected-1}
      """
    And the master has the images
      | name      | content     |
      | open      | open-2      |
      | protected | protected-2 |
      | renamed   | renamed-2   |
      | replaced  | replaced-2  |
      | stalled   | stalled-2   |
    And Burgos has the images
      | name      | content     | protected |
      | open      | open-1      |           |
      | protected | protected-1 | yes       |
      | renamed   | renamed-1   |           |
      | replaced  | replaced-1  |           |
      | stalled   | stalled-1   |           |
    When I run "sync.py Burgos --show-status"
    Then the status is
      | status              | region | image     |
      | error_checksum      | Burgos | open      |
      | pending_replace     | Burgos | protected |
      | pending_rename      | Burgos | renamed   |
      | pending_replace     | Burgos | replaced  |
      | ok_stalled_checksum | Burgos | stalled   |
    When I run "sync.py Burgos"
    Then the exit code is 0
    And it says "Burgos: 1 images await a decision."
    And Burgos has exactly these images
      | name        | content     | visibility |
      | open        | open-1      | public     |
      | protected   | protected-2 | public     |
      | renamed     | renamed-2   | public     |
      | renamed.old | renamed-1   | private    |
      | replaced    | replaced-2  | public     |
      | stalled     | stalled-1   | public     |
    When I run "sync.py Burgos --show-status"
    Then the status is
      | status              | region | image     |
      | error_checksum      | Burgos | open      |
      | ok                  | Burgos | protected |
      | ok                  | Burgos | renamed   |
      | ok                  | Burgos | replaced  |
      | ok_stalled_checksum | Burgos | stalled   |

  Scenario: max_replacements keeps a mistake from replacing a whole region
    Given the master has the images
      | name  | content |
      | one   | one-2   |
      | two   | two-2   |
      | three | three   |
    And Burgos has the images
      | name  | content |
      | one   | one-1   |
      | two   | two-1   |
    When I run "sync.py Burgos --config replace=any max_replacements=1"
    Then the exit code is 1
    And Burgos has exactly these images
      | name  | content |
      | one   | one-1   |
      | two   | two-1   |
      | three | three   |
