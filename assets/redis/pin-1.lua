--[[
  Sets a value that never changes again.

  Input
    KEYS[1]   name
    ARGV[1]   value

  Output
    the value that holds: an earlier one, or this one
]]
local stored = redis.call('GET', KEYS[1])
if stored then
  return stored
end
redis.call('SET', KEYS[1], ARGV[1])
return ARGV[1]
