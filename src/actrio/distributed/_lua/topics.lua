-- '' | + subscription id | - id → the version, all subscriptions with their ids; or 0

local how, name, id = unpack(ARGV)
if how == '+' then
  if call('HSETNX', P .. 'subs', name, id) == 1 then call('HINCRBY', P .. 'ns', 'subs', 1) end
elseif how == '-' then
  local found, is_found = call('HGETALL', P .. 'subs'), false
  for i = 2, #found, 2 do
    if found[i] == name then
      call('HDEL', P .. 'subs', found[i - 1])
      is_found = true
    end
  end
  if not is_found then return 0 end
  call('HINCRBY', P .. 'ns', 'subs', 1)
end
return {subscriptions_version(), call('HGETALL', P .. 'subs')}
