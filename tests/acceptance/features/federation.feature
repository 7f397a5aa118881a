Feature: A whole federation
  Three regions of two Keystones get the master's images, byte for byte; a second run changes nothing and asks for
  nothing but tokens and lists.

  Scenario Outline: Three regions and six images with way <way> <manner>
    Given the master has 6 public images whose contents are 600K and larger
    When I run "sync.py master: federation2: --transfer <way> --report report.json <manner>"
    Then the exit code is 0
    And Burgos has the master's images, byte for byte, with their properties
    And Caceres has the master's images, byte for byte, with their properties
    And federation2:Madrid has the master's images, byte for byte, with their properties
    And the report "report.json" has 18 uploads with way <way>
    When I run "sync.py master: federation2: --show-status"
    Then every status is ok
    When I run "sync.py master: federation2: --debug"
    Then the exit code is 0
    And it says
      """
      ======Master is Spain
      ======Burgos
      Burgos: Region is synchronized.
      ======Caceres
      Caceres: Region is synchronized.
      ======federation2:Madrid
      federation2:Madrid: Region is synchronized.
      """
    And no region was written to
    And each Glance of Spain, Burgos, Caceres and Madrid was asked for listings alone
    And it signed in twice and sent Keystone nothing else but discoveries

    Examples:
      | way    | manner     |
      | file   |            |
      | stream | --parallel |
