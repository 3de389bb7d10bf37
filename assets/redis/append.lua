--[[
  Appends one entry to an agent's pending list, if neither its state nor the list changed since they were viewed; or
  whatever they are, if the list has no entry of this id.

  A pending list is a hash: '#' = stamp of its last change, '+' = order of its last entry, 'e' .. id = entry as
  order (16 digits) .. time (16 digits) .. activity. It lives on while it is used; see commit.lua for removal.

  Input
    KEYS[1]   state
    KEYS[2]   pending list
    KEYS[3]   task to index, optional
    ARGV[1]   stamp the state must have, '' = no state, '*' = any, and then of the list too
    ARGV[2]   stamp the list must have, '' = no list
    ARGV[3]   new stamp of the list
    ARGV[4]   most entries
    ARGV[5]   milliseconds the list lives after this
    ARGV[6]   id
    ARGV[7]   time (16 digits) .. activity
    ARGV[8]   agent key of the task
    ARGV[9]   ttl of the task in ms

  Output
    1 appended, 0 conflict, -1 full
]]
local call = redis.call
if ARGV[1] == '*' then
  if call('HEXISTS', KEYS[2], 'e' .. ARGV[6]) == 1 then
    return 1
  end
else
  if call('GETRANGE', KEYS[1], 0, 11) ~= ARGV[1] then
    return 0
  end
  if (call('HGET', KEYS[2], '#') or '') ~= ARGV[2] then
    return 0
  end
end
-- Beside the entries the hash holds '#' and '+'.
if call('HLEN', KEYS[2]) - 2 >= tonumber(ARGV[4]) then
  return -1
end
local order = call('HINCRBY', KEYS[2], '+', 1)
call('HSET', KEYS[2], '#', ARGV[3], 'e' .. ARGV[6], string.format('%016.0f', order) .. ARGV[7])
call('PEXPIRE', KEYS[2], ARGV[5])
if KEYS[3] then
  call('SET', KEYS[3], ARGV[8], 'PX', ARGV[9])
end
return 1
