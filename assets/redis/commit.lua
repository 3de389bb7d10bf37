--[[
  Moves one partition forward by one batch: all of it, or nothing. Called once per batch.

  A state is stored behind its stamp (12 bytes, new for each call), which makes versions exact: see append.lua. The
  caller puts the two together: done here, it would cost half as much again as the whole rest.

  Input
    KEYS[1]       marker of the partition
    KEYS[2..]     in this order: states to set, states to delete, pending lists of the deleted,
                  pending lists to remove folded entries from, tasks to index
    ARGV[1]       marker that must be there, '' = none
    ARGV[2]       marker to set
    ARGV[3]       stamp
    ARGV[4]       milliseconds a pending list lives after its last change
    ARGV[5..8]    counts: groups of states to set, states to delete, pending lists, tasks
    ARGV[9..]     per group: ttl in ms, count, stamped states; per pending list: count, ids; per task: agent key, ttl in ms

  Output
    {1}           done
    {0}           the marker is missing, {0, marker} the marker is another one; nothing was written
]]
local call = redis.call
local marker = call('GET', KEYS[1])
if (marker or '') ~= ARGV[1] then
  return {0, marker or nil}
end

local stamp, pendingTtl = ARGV[3], ARGV[4]
local groups, deleted = tonumber(ARGV[5]), tonumber(ARGV[6])
local folded, tasks = tonumber(ARGV[7]), tonumber(ARGV[8])

-- Everything that could fail half-way fails here, before the first write: a pending list of a foreign type.
local firstPending = #KEYS - tasks - folded - deleted + 1
for k = firstPending, #KEYS - tasks do
  call('HGET', KEYS[k], '#')
end

-- States first: a server that is full, read-only or failing refuses the first of them, and nothing has happened.
local k, a = 2, 9
for _ = 1, groups do
  local ttl, count = ARGV[a], tonumber(ARGV[a + 1])
  a = a + 2
  for i = 0, count - 1 do
    call('SET', KEYS[k + i], ARGV[a + i], 'PX', ttl)
  end
  k = k + count
  a = a + count
end
call('SET', KEYS[1], ARGV[2])

-- An agent without state must not look as it did before it had one: its pending list keeps a new stamp.
for i = 0, deleted - 1 do
  call('DEL', KEYS[k + i])
  local pending = KEYS[k + deleted + i]
  call('HSET', pending, '#', stamp)
  call('HSETNX', pending, '+', '0')
  call('PEXPIRE', pending, pendingTtl)
end
k = k + 2 * deleted

for i = 0, folded - 1 do
  local removed, count = 0, tonumber(ARGV[a])
  for j = 1, count do
    removed = removed + call('HDEL', KEYS[k + i], 'e' .. ARGV[a + j])
  end
  if removed > 0 then
    call('HSET', KEYS[k + i], '#', stamp)
  end
  a = a + 1 + count
end
k = k + folded

for i = 0, tasks - 1 do
  call('SET', KEYS[k + i], ARGV[a], 'PX', ARGV[a + 1])
  a = a + 2
end
return {1}
