--[[
  Removes entries from an agent's pending list without moving its partition. The list is described in append.lua.

  Input
    KEYS[1]   pending list
    ARGV[1]   new stamp of the list
    ARGV[2..] ids

  Output
    how many were there
]]
local removed = 0
for i = 2, #ARGV do
  removed = removed + redis.call('HDEL', KEYS[1], 'e' .. ARGV[i])
end
if removed > 0 then
  redis.call('HSET', KEYS[1], '#', ARGV[1])
end
return removed
