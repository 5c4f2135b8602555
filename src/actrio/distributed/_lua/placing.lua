-- Where agents live, and what becomes of their messages when that changes.

local function stays(worker)
  local found = lease(worker)
  return found and found:byte() == 43
end

-- the workers that host a type, and their capacities, in turn
local all_hosts = {}
local function hosts(kind)
  if not all_hosts[kind] then all_hosts[kind] = call('HGETALL', P .. 't:' .. kind) end
  return all_hosts[kind]
end

local function is_known(kind) return #hosts(kind) > 0 end

-- whether nobody makes agents of this type, though some were registered as instances
local function has_only_instances(kind)
  local found = hosts(kind)
  for i = 2, #found, 2 do
    if found[i] ~= INSTANCES then return false end
  end
  return #found > 0
end

-- whether a worker that is leaving takes a message all the same: its own, and what it may
-- have to wait for
local function takes(worker, header)
  local kind, client = header:match('^(%a) (%S+)')
  return kind:lower() == 'n' or lease(worker):sub(2) == client
end

-- the worker for an agent: the one with the highest hash of both, so that few agents have
-- another place when workers come or go; one that is leaving only if there is no other
local function choose(kind, agent, header)
  local best, capacity, highest
  local found = hosts(kind)
  for i = 1, #found, 2 do
    local worker = found[i]
    if found[i + 1] ~= INSTANCES and lease(worker) then
      local score = redis.sha1hex(worker .. '\n' .. agent)
      if stays(worker) then score = '~' .. score end
      if (stays(worker) or takes(worker, header)) and (not highest or score > highest) then
        best, capacity, highest = worker, found[i + 1], score
      end
    end
  end
  return best, capacity
end

local function settle(agent, worker, capacity)
  local fence = call('HINCRBY', P .. 'ns', 'fence', 1)
  call('HSET', P .. 'a:' .. agent, 'w', worker, 'f', fence, 'c', capacity, 'n', 0)
  call('SADD', P .. 'w:' .. worker .. ':a', agent)
  return tostring(fence)
end

local bury

-- where an agent lives: worker, fence, client of the worker, capacity; nil if nowhere now
local function place(agent, header)
  local kind = type_of(agent)
  local found = call('HMGET', P .. 'a:' .. agent, 'w', 'f', 'c')
  if found[1] and not lease(found[1]) then
    bury(found[1])
    found = call('HMGET', P .. 'a:' .. agent, 'w', 'f', 'c')
  end
  if found[1] then
    if not stays(found[1]) and not takes(found[1], header) then return nil end
    return found[1], found[2], lease(found[1]):sub(2), tonumber(found[3])
  end
  local worker, capacity = choose(kind, agent, header)
  if not worker then return nil end
  local fence = settle(agent, worker, capacity)
  return worker, fence, lease(worker):sub(2), tonumber(capacity)
end

-- put a message into the inbox of a worker, and show it
local function enqueue(agent, header, data, worker, fence, client)
  local inbox = P .. 'w:' .. worker .. ':i'
  local id = call('XADD', inbox, '*', 'a', agent, 'h', header, 'd', data)
  local words = {'m', worker, id, fence, header, #agent}
  tell(client, table.concat(words, ' ') .. '\n' .. agent .. data)
  return call('HINCRBY', P .. 'a:' .. agent, 'n', 1)
end

-- say that nobody hosts the type of an agent
local function refuse(agent, header, data)
  local kind, client, serial, attempt = take_apart(header)
  if is_request(kind) and client ~= NOBODY then
    local reply = has_only_instances(type_of(agent)) and 'I' or 'U'
    -- a worker had it, and was the last one
    if attempt ~= '0' then reply = 'G' end
    answer(client, serial, reply)
  else
    dead('unknown agent type', agent, header, data)
  end
end

-- give a message to the worker of its agent, keep it until there is one, or refuse it
-- → its number there and the capacity, 'held', or 'refused'
local function route(agent, header, data)
  local kind = type_of(agent)
  local worker, fence, client, capacity = place(agent, header)
  if worker then
    return enqueue(agent, header, data, worker, fence, client), capacity
  end
  if not is_known(kind) or has_only_instances(kind) then
    refuse(agent, header, data)
    return 'refused'
  end
  call('XADD', P .. 'h:' .. agent, '*', 'h', header, 'd', data)
  call('SADD', P .. 'held:' .. kind, agent)
  return 'held'
end

-- let the messages go that waited for a place of their agent
local function unhold(agent)
  local key, kind = P .. 'h:' .. agent, type_of(agent)
  local entries = call('XRANGE', key, '-', '+')
  local is_refused = not is_known(kind)
  local worker, fence, client
  if #entries > 0 and not is_refused then
    worker, fence, client = place(agent, entries[1][2][2])
    if not worker then return end
  end
  call('DEL', key)
  call('SREM', P .. 'held:' .. kind, agent)
  for _, entry in ipairs(entries) do
    local header, data = entry[2][2], entry[2][4]
    if is_refused then
      refuse(agent, header, data)
    else
      enqueue(agent, header, data, worker, fence, client)
    end
  end
end

local function has_expired(deadline)
  return deadline ~= "0" and now() > tonumber(deadline)
end

-- what becomes of a message whose worker died with it
local function send_again(worker, agent, header, data)
  local kind, client, serial, attempt, deadline = take_apart(header)
  attempt = tonumber(attempt) + 1
  if is_request(kind) and call('HEXISTS', P .. 'c:' .. client, 'x' .. serial) == 1 then
    answer(client, serial, 'w')
  elseif is_request(kind) and has_expired(deadline) then
    answer(client, serial, 'w')
  elseif kind ~= kind:lower() or attempt > ATTEMPTS then
    dead('worker lost', agent, header, data)
    if is_request(kind) then answer(client, serial, 'L' .. worker .. ' ' .. attempt) end
  else
    route(agent, table.concat({kind, client, serial, attempt, deadline}, ' '), data)
  end
end

local function forget_host(kind, worker)
  call('HDEL', P .. 't:' .. kind, worker)
  all_hosts[kind] = nil
end

-- give what a worker had to others; it is dead, or says so
function bury(worker)
  local base = P .. 'w:' .. worker
  local kinds, agents = call('SMEMBERS', base .. ':t'), call('SMEMBERS', base .. ':a')
  local entries = call('XRANGE', base .. ':i', '-', '+')
  leases[worker] = false
  call('DEL', P .. 'm:' .. worker, base .. ':t', base .. ':a', base .. ':i')
  call('ZREM', P .. 'm', worker)
  for _, kind in ipairs(kinds) do
    forget_host(kind, worker)
    -- still known, so that what is sent waits for the next one
    if not is_known(kind) then
      call('HSET', P .. 't:' .. kind, '-', 0)
      all_hosts[kind] = nil
    end
  end
  table.sort(agents)
  for _, agent in ipairs(agents) do call('DEL', P .. 'a:' .. agent) end
  for _, entry in ipairs(entries) do
    send_again(worker, entry[2][2], entry[2][4], entry[2][6])
  end
  for _, agent in ipairs(agents) do
    while admit(agent) do end
    unhold(agent)
  end
end

-- a worker hosts a type no longer; the last one takes its subscriptions with it
local function unhost(worker, kind)
  forget_host(kind, worker)
  call('SREM', P .. 'w:' .. worker .. ':t', kind)
  if is_known(kind) then return end
  local found, has_changed = call('HKEYS', P .. 'subs'), false
  for _, name in ipairs(found) do
    if name:match('[^\n]*$') == kind then
      call('HDEL', P .. 'subs', name)
      has_changed = true
    end
  end
  if has_changed then call('HINCRBY', P .. 'ns', 'subs', 1) end
end

local function subscriptions_version() return call('HGET', P .. 'ns', 'subs') or '0' end
