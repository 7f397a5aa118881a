-- What oslo.policy posts about a backup of a member, another one each time, on a connection of its own.
local target = '{"project_id": "%s", "user_id": "%s", "id": "%s", "volume_id": "%s", "host": "cinder", ' ..
  '"availability_zone": "nova", "container": "volumebackups", "parent_id": null, "status": "available", ' ..
  '"fail_reason": null, "size": 10, "display_name": "before the upgrade", "display_description": null, ' ..
  '"service_metadata": "volume_6c31/20261128131216/az_nova_backup_0b", "service": ' ..
  '"cinder.backup.drivers.ceph.CephBackupDriver", "object_count": 32, "num_dependent_backups": 0, ' ..
  '"metadata": {"team": "storage", "reason": "upgrade"}, "created_at": "2026-11-28T13:12:13Z", "deleted": false}'
local credentials = '{"is_admin": false, "user_id": "0b", "project_id": "0c", "roles": ["reader", "member"]}'
local headers = {["Content-Type"] = "application/x-www-form-urlencoded", ["Connection"] = "close"}

local function quoted(text)
  return (text:gsub("[^%w%-%.~_]", function(c) return string.format("%%%02X", c:byte()) end))
end

local before, after = quoted(target:format(("c"):rep(32), ("b"):rep(32), "@", ("d"):rep(32))):match("^(.*)%%40(.*)$")
before = "rule=%22backup%3Adelete%22&target=" .. before
after = after .. "&credentials=" .. quoted(credentials)
math.randomseed(os.time())

request = function()
  local id = string.format("%08x-0000-4000-8000-%012x", math.random(0, 2 ^ 31 - 1), math.random(0, 2 ^ 31 - 1))
  return wrk.format("POST", "/v1/backup?backup_id=" .. id, headers, before .. id .. after)
end

response = function(status, _, body)
  if body ~= "True" then
    error("answered with " .. status .. ": " .. body)
  end
end
