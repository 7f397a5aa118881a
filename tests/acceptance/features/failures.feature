Feature: What goes wrong is reported in one line, and the rest goes on
  Exit codes: 0 all done, 1 a region or an image failed, 2 wrong usage or configuration.

  Background:
    Given the master has a public image "base" with content "base"

  Scenario: An unknown region
    When I run "sync.py Nowhere Burgos"
    Then the exit code is 1
    And it names the error "Nowhere: unknown region; the regions of target master are: Burgos, Caceres, Spain"
    And Burgos has exactly one image "base" with the master's bytes

  Scenario: An unknown region in a parallel run
    When I run "sync.py Nowhere Burgos --parallel"
    Then the exit code is 1
    And it says, the regions in any order
      """
      ======Master is Spain
      Burgos: 1 uploaded (0 MB), T s
      Region Burgos has finished
      All is done.
      """
    And it names the error "Nowhere: unknown region; the regions of target master are: Burgos, Caceres, Spain"
    And Burgos has exactly one image "base" with the master's bytes

  Scenario Outline: A word that can be no region is found before anything is done: <word>
    When I run "sync.py Burgos <word> <mode>"
    Then the exit code is 2
    And it names the error "<error>"
    And no region was written to

    Examples:
      | word             | mode       | error                                                                            |
      | other:Madrid     |            | other:Madrid: unknown target other; the configuration has: master, federation2   |
      | other:           |            | other: unknown target; the configuration has: master, federation2                |
      | fedration2:      | --parallel | fedration2: unknown target; the configuration has: master, federation2; did you mean federation2:? |
      | status           |            | status: no region has this name; did you mean --show-status?                     |
      | sync             | --dry-run  | sync: no region has this name; a synchronisation needs no word                   |
      | federation2      |            | federation2: no region has this name; it is a target; did you mean federation2:  |

  Scenario: Targets that nobody asked for are not contacted
    When I run "sync.py Burgos Nowhere --dry-run"
    Then the exit code is 1
    And keystone-b and Madrid were not contacted

  Scenario Outline: Wrong usage: <command>
    When I run "<command>"
    Then the exit code is 2
    And it names the error "<error>"
    And it says nothing
    And Spain, Burgos, Caceres, Madrid, keystone-a and keystone-b were not contacted

    Examples:
      | command                                         | error                                                             |
      | sync.py --config replace=any Burgos             | Burgos is not KEY=VALUE; put regions before --config or after --  |
      | sync.py --dry-run --show-status                 | not allowed with argument                                         |
      | sync.py --dry-rnu                               | unrecognized arguments: --dry-rnu, did you mean --dry-run?        |
      | sync.py Burgos -- --dry-run                     | --dry-run begins with -, so it is taken for no region             |
      | sync.py --conf missing.conf                     | missing.conf                                                      |
      | sync.py --config master.metadata_condition=x.y( | metadata_condition                                                |

  Scenario: All mistakes of a configuration at once
    Given a configuration file with nothing but
      """
      [main]
      master_region = Spain
      max_children = many
      [DEFAULT]
      list_images_timeout = 0
      metadata_condition = __import__('os')
      """
    When I run "sync.py"
    Then the exit code is 2
    And it names 3 errors
      | part                |
      | max_children        |
      | list_images_timeout |
      | metadata_condition  |
    And Spain, Burgos, Caceres, Madrid, keystone-a and keystone-b were not contacted

  Scenario: A wrong password
    Given the environment variable OS_PASSWORD is "wr0ng-secret"
    When I run "sync.py Burgos"
    Then the exit code is 1
    And it names the error "Keystone at {url of master} refused the credential of user glancesync (401)"
    And the secret "wr0ng-secret" is nowhere in its output
    And Spain, Burgos, Caceres and Madrid were not contacted

  Scenario: A wrong password of another target fails that target alone
    When I run "sync.py federation2:Madrid Burgos --config federation2.password=wr0ng-secret"
    Then the exit code is 1
    And it names the error "target federation2: Keystone at {url of federation2} refused the credential of user glancesync (401)"
    And the secret "wr0ng-secret" is nowhere in its output
    And Burgos has exactly one image "base" with the master's bytes

  Scenario: One Glance is down
    Given the Glance of Burgos is down
    When I run "sync.py"
    Then the exit code is 1
    And it works on the regions "Burgos Caceres" in this order
    And it names the error "Burgos: Error retrieving image list. Cause: "
    And Caceres has exactly one image "base" with the master's bytes
    When I run "sync.py --make-backups"
    Then the exit code is 1
    And these files were written, for nobody else to read
      | file                                 |
      | backup_glance_*/backup_Spain.csv     |
      | backup_glance_*/backup_Spain.jsonl   |
      | backup_glance_*/backup_Caceres.csv   |
      | backup_glance_*/backup_Caceres.jsonl |

  Scenario: The environment alone is enough
    Given no configuration file
    When I run "sync.py Burgos"
    Then the exit code is 0
    And it warns of nothing
    And Burgos has exactly one image "base" with the master's bytes

  Scenario: Credentials missing from the environment
    Given no configuration file
    And the environment variable OS_PASSWORD is ""
    When I run "sync.py Burgos"
    Then the exit code is 2
    And it names the error "OS_PASSWORD"
    And no region was written to
