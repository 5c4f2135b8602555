-- What all scripts have in common.

local P = KEYS[1] .. ':'
local call = redis.call

local function tell(client, ...)
  call('PUBLISH', P .. 'c:' .. client, table.concat({...}, ' '))
end

-- What is known of a mailbox: its number, owner, epoch (grows with each owner) and
-- capacity; for each priority how many wait (n), how many have passed the oldest (p) and
-- the last one taken (d); how many wait for room (w) and were given back (back). For win
-- and all see _scripts.py; as many of the next messages as shown says, or fewer, may have
-- been given out by the owner although it has not told yet.
local function open_box(number)
  local text = call('GET', P .. 'b:' .. number)
  if not text then return nil end
  local b = cjson.decode(text)
  b.key = P .. 'b:' .. number
  return b
end

local function save_box(b)
  local key = b.key
  b.key = nil
  call('SET', key, cjson.encode(b))
  b.key = key
end

local function find_box(name)
  local number = call('HGET', P .. 'names', name)
  if number then return open_box(number) end
end

local function size(b) return b.n[1] + b.n[2] + b.n[3] + b.n[4] end

-- how many messages the owner may be shown unasked before it tells what it took: few of
-- those that have room, since it tells so much later
local function credit(b) return math.min(32, math.ceil(b.capacity / 2)) end

-- a message is there that may come before what the owner was shown, or behind it
local function appeared(b, lane, id, again, payload, in_front)
  if b.all and b.shown == 0 then b.win = -1 end
  if lane < b.win or (in_front and lane == b.win) then
    if not b.is_asked then tell(b.owner, 's', b.number, b.epoch) end
    b.all, b.win, b.shown = false, -1, b.shown + 1
  elseif b.all then
    if b.is_asked or (b.shown > 0 and (b.shown >= credit(b) or #payload > 8192)) then
      b.all = false
    else
      tell(b.owner, 'p', b.number, b.epoch, lane, id, again, payload)
      b.win, b.shown = lane, b.shown + 1
    end
  elseif b.win < 0 and b.shown > 0 then
    b.shown = b.shown + 1
  end
end

local function put(b, lane, payload, ticket)
  local id = redis.pcall('XADD', b.key .. ':' .. lane, '*', 'd', payload, 't', ticket)
  if id.err then return nil, id.err end
  b.n[lane + 1] = b.n[lane + 1] + 1
  appeared(b, lane, id, '0', payload, false)
  return 'K'
end

-- put a message, or let it wait for room
local function offer(b, lane, payload, ticket)
  if b.w == 0 and size(b) < b.capacity then return put(b, lane, payload, ticket) end
  call('RPUSH', b.key .. ':w', ticket)
  call('HSET', b.key .. ':h', ticket, lane .. payload)
  b.w = b.w + 1
  return 'W'
end

-- let in what waits for room
local function admit(b)
  while b.w > 0 and size(b) < b.capacity do
    local ticket = call('LPOP', b.key .. ':w')
    local held = call('HGET', b.key .. ':h', ticket)
    call('HDEL', b.key .. ':h', ticket)
    b.w = b.w - 1
    put(b, tonumber(held:sub(1, 1)), held:sub(2), ticket)
    local client, serial = ticket:match('^(.-):(.*)$')
    tell(client, 'r', serial, b.number)
  end
end

local function was_sent(client, serial)
  call('SET', P .. 'c:' .. client, serial, 'PX', DAY)
end

local function refuse(client, serial, who)
  local key = P .. 'c:' .. client .. ':u'
  call('RPUSH', key, serial)
  call('LTRIM', key, -1000, -1)
  call('PEXPIRE', key, DAY)
  was_sent(client, serial)
  return {'U', who}
end

local function was_refused(client, serial)
  return call('LPOS', P .. 'c:' .. client .. ':u', serial)
end

local function is_of_type(key, kind)
  local found = call('TYPE', key).ok
  return found == kind or found == 'none'
end
