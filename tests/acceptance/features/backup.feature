Feature: A backup stands in for the federation
  Loaded into the embedded federation, a backup gives the same statuses as the cloud that it was made of.

  Scenario Outline: The same statuses <manner>
    Given the configuration
      """
      [DEFAULT]
      only_tenant_images = False
      support_obsolete_images = True
      metadata_set = nid, type
      replace = {md5 of replaced-1}
      rename = {md5 of renamed-1}
      dontupdate = {md5 of stalled-1}
      [master]
      tenant_id = {project of glancesync}
      [federation2]
      tenant_id = {project of glancesync in federation2}
      """
    And the master has the images
      | name           | content    | visibility | format | owner   | properties                       |
      | kernel         | kernel-2   | public     | aki    |         | nid=1                            |
      | ami            | ami        | public     | ami    |         | nid=2, kernel_id={uuid of kernel} |
      | broken         | broken     | public     | ami    |         | nid=3, kernel_id=nowhere         |
      | changed        | changed    | public     | raw    |         | nid=4, type="quoted", note=x,y   |
      | missing        | missing    | public     | raw    |         | nid=5                            |
      | open           | open-2     | public     | raw    |         | nid=6                            |
      | renamed        | renamed-2  | public     | raw    |         | nid=7                            |
      | replaced       | replaced-2 | public     | raw    |         | nid=8                            |
      | stalled        | stalled-2  | public     | raw    |         | nid=9                            |
      | same           | same       | public     | raw    |         | nid=10                           |
      | a, "b" ñ       | odd        | public     | raw    |         | nid=11                           |
      | old_obsolete   | old        | private    | raw    |         |                                  |
      | foreign        | foreign    | public     | raw    | foreign | nid=12                           |
      | private        | private    | private    | raw    |         | nid=13                           |
    And Burgos has the images
      | name           | content    | visibility | format | owner   | status | properties                                |
      | kernel         | kernel-1   | public     | aki    |         | active | nid=1                                     |
      | ami            | ami        | public     | ami    |         | active | nid=2, kernel_id={uuid of kernel in Burgos} |
      | changed        | changed    | private    | raw    |         | active | nid=4, local=1                            |
      | missing        | -          | public     | raw    |         | queued |                                           |
      | open           | open-1     | public     | raw    |         | active | nid=6                                     |
      | renamed        | renamed-1  | public     | raw    |         | active | nid=7                                     |
      | replaced       | replaced-1 | public     | raw    |         | active | nid=8                                     |
      | stalled        | stalled-1  | public     | raw    |         | active | nid=9                                     |
      | same           | same       | public     | raw    | foreign | active |                                           |
      | old            | old        | public     | raw    |         | active |                                           |
    And federation2:Madrid has a public image "same" with content "same" and properties "nid=10"
    When I run "sync.py Burgos federation2:Madrid --show-status"
    Then the exit code is 0
    And the status is
      | status              | region             | image    |
      | pending_upload      | Burgos             | a, "b" ñ |
      | ok                  | Burgos             | ami      |
      | error_ami           | Burgos             | broken   |
      | pending_metadata    | Burgos             | changed  |
      | error_checksum      | Burgos             | kernel   |
      | pending_upload      | Burgos             | missing  |
      | error_checksum      | Burgos             | open     |
      | pending_rename      | Burgos             | renamed  |
      | pending_replace     | Burgos             | replaced |
      | ok                  | Burgos             | same     |
      | ok_stalled_checksum | Burgos             | stalled  |
      | pending_upload      | federation2:Madrid | a, "b" ñ |
      | pending_upload      | federation2:Madrid | ami      |
      | error_ami           | federation2:Madrid | broken   |
      | pending_upload      | federation2:Madrid | changed  |
      | pending_upload      | federation2:Madrid | kernel   |
      | pending_upload      | federation2:Madrid | missing  |
      | pending_upload      | federation2:Madrid | open     |
      | pending_upload      | federation2:Madrid | renamed  |
      | pending_upload      | federation2:Madrid | replaced |
      | ok                  | federation2:Madrid | same     |
      | pending_upload      | federation2:Madrid | stalled  |
    When I run "sync.py Burgos federation2:Madrid --make-backups <manner>"
    Then the exit code is 0
    When I load the backup's <form> files into an embedded federation
    And I run "sync.py Burgos federation2:Madrid --show-status <manner>"
    Then the exit code is 0
    And it prints the same as the first time
    And Spain, Burgos, Caceres, Madrid, keystone-a and keystone-b were not contacted
    When I run "sync.py Burgos federation2:Madrid --show-status --config replace=any"
    And I run "sync.py Burgos federation2:Madrid --config replace=any"
    Then the exit code is 0
    And Spain, Burgos, Caceres, Madrid, keystone-a and keystone-b were not contacted

    Examples:
      | manner     | form |
      |            | JSON |
      | --parallel | CSV  |
