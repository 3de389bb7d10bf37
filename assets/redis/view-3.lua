--[[
  Everything a decision about one agent needs, as of one moment.

  Input
    KEYS[1]   state
    KEYS[2]   pending list
    KEYS[3]   currency of the partition

  Output
    {state or nil, fields and values of the pending list, currency or nil}
]]
return {
  redis.call('GET', KEYS[1]),
  redis.call('HGETALL', KEYS[2]),
  redis.call('GET', KEYS[3])
}
