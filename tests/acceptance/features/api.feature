@fixture.server
Feature: The REST server behind a real Keystone
  Whoever asks shows a token of Keystone, in the project of which it has the role admin. The server itself signs in with
  an account of its own, or with an application credential.

  Scenario: Tokens that will do
    When "GET /regions" is asked with each of
      | whose                                          |
      | a token of glancesync                          |
      | a token of foreign                             |
      | a token of glancesync's application credential |
    Then each answer is 200
    And each lists the regions "Burgos Caceres Spain federation2:Madrid"

  Scenario: Tokens that will not do
    Given the logs of the Glances are watched
    When "GET /regions?refresh=1" is asked with each of
      | whose                               | text                                                       |
      | no token                            | A token of Keystone is needed, in the header X-Auth-Token. |
      | an empty token                      | A token of Keystone is needed, in the header X-Auth-Token. |
      | the token "garbage"                 | The token is not valid, or has expired; get a new one.     |
      | the token "ñ"                       | The token is not valid, or has expired; get a new one.     |
      | a token of member                   | The token lacks the role that is needed here: admin.       |
      | an unscoped token of glancesync     | The token lacks the role that is needed here: admin.       |
      | a revoked token of glancesync       | The token is not valid, or has expired; get a new one.     |
      | a token of glancesync at keystone-b | The token is not valid, or has expired; get a new one.     |
    Then each answer is the error 401 titled "Unauthorized"
    And each says the text and does not show the token
    And no Glance was asked for anything

  Scenario: Every route behind authentication asks for it
    Given the logs of the Glances are watched
    When each of these is asked with a token of member
      | request                             |
      | GET /regions?refresh=1              |
      | GET /regions/Burgos                 |
      | POST /regions/Burgos                |
      | GET /regions/Burgos/tasks           |
      | GET /regions/Burgos/tasks/x         |
      | DELETE /regions/Burgos/tasks/x      |
      | POST /regions/Burgos/tasks/x/cancel |
      | GET /regions/Nowhere                |
      | GET /nothing                        |
      | GET //                              |
      | GET /health/                        |
      | GET /health;/../regions             |
    Then each answer is the error 401 titled "Unauthorized"
    When each of these is asked with no token
      | request                           |
      | GET /docs/../regions              |
      | GET /docs/%2e%2e/regions          |
      | GET /docs/../../routes.py         |
      | GET /docs/..%2f..%2froutes.py     |
    Then each answer is the error 404 titled nothing
    And no Glance was asked for anything

  Scenario: A token ends when its time is over, although the server knows it
    Given Keystone gives tokens for 20 seconds
    And a token of glancesync
    When I ask "GET /regions" with this token
    Then the answer is 200
    When the time of this token is over
    And I ask "GET /regions" with this token
    Then the answer is the error 401 titled "Unauthorized"
    And the answer says "The token is not valid, or has expired; get a new one."

  Scenario: Headers that Keystone's middleware sets are not taken from a caller
    When I ask "GET /regions" with a token of member and the headers
      | header             | value     |
      | X-Roles            | admin     |
      | X-Role             | admin     |
      | X-Identity-Status  | Confirmed |
      | X-Is-Admin-Project | True      |
      | X-Service-Roles    | admin     |
    Then the answer is the error 401 titled "Unauthorized"

  Scenario: A task moves the bytes
    Given the master has the images
      | name   | content     | visibility | format | properties                 |
      | kernel | kernel      | public     | aki    | nid=1                      |
      | ami    | ami/64K     | public     | ami    | nid=2, kernel_id={uuid of kernel} |
      | new    | new/1500K   | public     | raw    | nid=3                      |
      | mine   | mine        | private    | raw    | nid=4                      |
    When I ask "POST /regions/Burgos" with a token of glancesync
    Then the answer is 200
    And the task ends as synced
    And it has moved 3 images and all of their bytes
    And Burgos has exactly these images
      | name   | content   | visibility | format | properties                                  |
      | kernel | kernel    | public     | aki    | nid=1                                       |
      | ami    | ami/64K   | public     | ami    | nid=2, kernel_id={uuid of kernel in Burgos} |
      | new    | new/1500K | public     | raw    | nid=3                                       |
    When I ask "GET /regions/Burgos" with a token of glancesync
    Then the statuses are
      | status | image  |
      | ok     | kernel |
      | ok     | ami    |
      | ok     | new    |

  Scenario: A region of another Keystone, by options of the task
    Given the master has a public image "base" with content "new" and properties "nid=1"
    And federation2:Madrid has a public image "base" with content "old" and properties "nid=1"
    When I ask "POST /regions/federation2:Madrid" with a token of glancesync and the body
      """
      {"config": {"rename": "any"}}
      """
    Then the task ends as synced
    And federation2:Madrid has exactly these images
      | name     | content | visibility | properties |
      | base     | new     | public     | nid=1      |
      | base.old | old     | private    | nid=1      |

  Scenario: A conflict that awaits a decision, and a dry run, change nothing
    Given the master has a public image "base" with content "new"
    And Burgos has a public image "base" with content "old"
    And the logs of the Glances are watched
    When I ask "POST /regions/Burgos" with a token of glancesync
    Then the task ends as synced
    And it awaits 1 decision
    When I ask "POST /regions/Burgos" with a token of glancesync and the body
      """
      {"dryRun": true, "config": {"replace": ["any"]}}
      """
    Then the task ends as synced
    And no Glance was asked to change anything

  Scenario: A Glance that is down
    Given the Glance of Burgos is down
    When I ask "GET /regions/Burgos" with a token of glancesync
    Then the answer is the error 502 titled nothing
    When I ask "POST /regions/Burgos" with a token of glancesync
    Then the task ends as failed
    And its reason begins with "Glance at {url of Burgos} does not answer"

  Scenario: The server's own account is an application credential
    Given a server that signs in with an application credential
    And the master has a public image "base" with content "base"
    When I ask "GET /regions" with the token "garbage"
    Then the answer is the error 401 titled "Unauthorized"
    When I ask "POST /regions/Burgos" with a token of glancesync's application credential
    Then the task ends as synced
    And Burgos has exactly one image "base" with the master's bytes
