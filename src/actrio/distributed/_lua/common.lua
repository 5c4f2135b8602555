-- What all scripts have in common; see _scripts.py for the keys. Each call defines all of
-- it, so what only some need is elsewhere.

local P = KEYS[1] .. ':'
local call = redis.call

local function tell(client, text) call('PUBLISH', P .. 'c:' .. client, text) end

local clock
local function now()
  if not clock then
    local t = call('TIME')
    clock = t[1] * 1000 + math.floor(t[2] / 1000)
  end
  return clock
end

-- '+' and the client of a worker that lives, '-' and its client if it is leaving
local leases = {}
local function lease(worker)
  if leases[worker] == nil then leases[worker] = call('GET', P .. 'm:' .. worker) end
  return leases[worker]
end

local function is_caller_known(client) return call('EXISTS', P .. 'c:' .. client) == 1 end

-- answer a request: kept until its client has seen it
local function answer(client, serial, reply)
  if is_caller_known(client) then
    call('HSET', P .. 'c:' .. client, 'r' .. serial, reply)
    tell(client, 'r ' .. serial .. ' ' .. reply)
  end
end

local function is_request(kind)
  local lower = kind:lower()
  return lower == 'q' or lower == 'n'
end

local function take_apart(header)
  return header:match('^(%a) (%S+) (%d+) (%d+) (%d+)$')
end

local function dead(reason, agent, header, data)
  local words = {'reason', reason, 'a', agent, 'h', header, 'd', data, 'at', now()}
  call('XADD', P .. 'dead', 'MAXLEN', '~', DEAD_LETTERS, '*', unpack(words))
end

local function type_of(agent) return agent:match('^[^/]*') end

-- let the publisher go on that has waited longest for room
local function admit(agent)
  local ticket = call('LPOP', P .. 'q:' .. agent)
  if not ticket then return false end
  local client, serial = ticket:match('^(%S+) (%d+)$')
  tell(client, 'a ' .. serial)
  return true
end
