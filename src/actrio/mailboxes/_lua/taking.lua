-- What those have in common that take messages, or show which are next.

-- as choose() and count_passed() in _order.py; a test compares them
local function choose(n, p)
  local best
  for i = 1, 4 do
    if n[i] > 0 and p[i] >= PATIENCE and (not best or p[i] > p[best]) then best = i end
  end
  if best then return best end
  for i = 1, 4 do if n[i] > 0 then return i end end
end

local function count_passed(taken, n, p)
  for i = 1, 4 do
    if n[i] > 0 and i ~= taken then
      if i > taken then p[i] = p[i] + 1 end
    else
      p[i] = 0
    end
  end
end

local function is_after(id, other)
  local ms, n = id:match('(%d+)-(%d+)')
  local other_ms, other_n = other:match('(%d+)-(%d+)')
  ms, other_ms = tonumber(ms), tonumber(other_ms)
  return ms > other_ms or (ms == other_ms and tonumber(n) > tonumber(other_n))
end

-- what is taken and done with is gathered, since most often it is much of one priority
local claims, finished = {}, {}
-- what is done with; taken by the same command, it need not become pending before
local is_finished = {}

local function gather(lists, lane, id)
  lists[lane] = lists[lane] or {}
  table.insert(lists[lane], id)
end

local function finish(lane, id)
  is_finished[lane .. ' ' .. id] = true
  gather(finished, lane, id)
end

local function without_finished(lane, ids)
  local rest = {}
  for _, id in ipairs(ids) do
    if not is_finished[lane .. ' ' .. id] then rest[#rest + 1] = id end
  end
  return rest
end

-- Lua passes some 8,000 values at once at most
local AT_ONCE = 1000

local function carry_out(b)
  for lane, ids in pairs(claims) do
    local key = b.key .. ':' .. lane
    ids = without_finished(lane, ids)
    for i = 1, #ids, AT_ONCE do
      local some = {unpack(ids, i, math.min(i + AT_ONCE - 1, #ids))}
      local last = some[#some]
      for _, word in ipairs({'FORCE', 'JUSTID', 'LASTID', last}) do
        some[#some + 1] = word
      end
      call('XCLAIM', key, 'g', 'owner', 0, unpack(some))
    end
  end
  for lane, ids in pairs(finished) do
    local key = b.key .. ':' .. lane
    for i = 1, #ids, AT_ONCE do
      local to = math.min(i + AT_ONCE - 1, #ids)
      call('XACK', key, 'g', unpack(ids, i, to))
      call('XDEL', key, unpack(ids, i, to))
    end
  end
  claims, finished, is_finished = {}, {}, {}
end

-- whether it is one of the messages that are to be taken again
local function is_returned(b, key, id)
  if b.back == 0 then return false end
  if call('LREM', key .. ':r', 1, id) + call('LREM', key .. ':r', 1, id .. '!') == 0 then
    return false
  end
  b.back = b.back - 1
  return true
end

local function take(b, lane, id, is_told_again)
  local key = b.key .. ':' .. lane
  if not is_returned(b, key, id) then
    if is_told_again then
      local is_there = #call('XRANGE', key, id, id) > 0
      if not is_there or not is_after(id, b.d[lane + 1]) then return end
    end
    b.d[lane + 1] = id
  end
  gather(claims, lane, id)
  b.shown = math.max(b.shown - 1, 0)
  b.n[lane + 1] = b.n[lane + 1] - 1
  count_passed(lane + 1, b.n, b.p)
end

local function give_back(b, lane, id, mark)
  local key = b.key .. ':' .. lane
  local entry = call('XRANGE', key, id, id)[1]
  if not entry or #call('XPENDING', key, 'g', id, id, 1) == 0 then return end
  if call('LPOS', key .. ':r', id) or call('LPOS', key .. ':r', id .. '!') then return end
  call('LPUSH', key .. ':r', id .. mark)
  b.back = b.back + 1
  b.n[lane + 1] = b.n[lane + 1] + 1
  appeared(b, lane, id, mark == '!' and '1' or '0', entry[2][2], true)
end

-- the messages of one priority that can be taken, in order
local function walk(b, lane, most)
  local key = b.key .. ':' .. lane
  local again = b.back > 0 and call('LRANGE', key .. ':r', 0, most - 1) or {}
  local index, from, fresh, at = 0, '(' .. b.d[lane + 1], {}, 1
  return function()
    while index < #again do
      index = index + 1
      local id, mark = again[index]:match('^([^!]+)(!?)$')
      local entry = call('XRANGE', key, id, id)[1]
      if entry then return id, mark == '!' and '1' or '0', entry[2][2] end
    end
    if at > #fresh then
      fresh, at = call('XRANGE', key, from, '+', 'COUNT', 8), 1
      if #fresh == 0 then return nil end
      from = '(' .. fresh[#fresh][1]
    end
    local entry = fresh[at]
    at = at + 1
    return entry[1], '0', entry[2][2]
  end
end

-- the messages of all priorities that can be taken, in order
local function walk_all(b, most)
  local n, p, walks = {unpack(b.n)}, {unpack(b.p)}, {}
  return function()
    local i = choose(n, p)
    while i do
      walks[i] = walks[i] or walk(b, i - 1, most)
      local id, again, payload = walks[i]()
      if id then
        n[i] = n[i] - 1
        count_passed(i, n, p)
        return i - 1, id, again, payload
      end
      n[i] = 0
      i = choose(n, p)
    end
  end
end

-- show the owner what it would take next
local function show(b, count, bytes, out)
  local spent = 0
  b.all, b.win, b.shown = true, -1, 0
  for lane, id, again, payload in walk_all(b, count) do
    for _, value in ipairs({lane, id, again, payload}) do out[#out + 1] = value end
    spent = spent + #payload
    b.shown = b.shown + 1
    if lane > b.win then b.win = lane end
    if b.shown == count or spent >= bytes then
      b.all = b.shown == size(b)
      break
    end
  end
end
