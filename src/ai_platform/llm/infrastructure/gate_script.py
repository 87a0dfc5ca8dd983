"""The gate's rules as Redis runs them: the same as `domain.entrance` and `domain.breaker`, for all workers at once.

KEYS[1] is the common prefix, a hash tag, so that all keys lie on one node of a cluster; ARGV[1] is a JSON list of
operations. Answers with `results`, one each, and `memory`, which differs when everything was forgotten. Time is Redis'
own. Every key expires.

    <prefix>:breaker:<config>    hash: state, failures, epoch, opened, until, successes, paused
    <prefix>:slots:<config>      sorted set of calls under way by the time at which their lease ends
    <prefix>:probes:<config>     the same for the probes of a half-open breaker
    <prefix>:requests:<config>   hash: second -> requests          <prefix>:tokens:<config>   the same for tokens
    <prefix>:memory:since        since when Redis remembers
"""

from typing import Final

GATE: Final = """
local LEASE, SLOT_WAIT, PROBE_WAIT, WINDOW, KEPT = 8, 0.25, 1, 60, 86400
local clock = redis.call('TIME')
local now = tonumber(clock[1]) + tonumber(clock[2]) / 1000000
local second = tonumber(clock[1])

local function key(kind, name) return KEYS[1] .. ':' .. kind .. ':' .. name end
local function stamp(number) return string.format('%.6f', number) end

local function load(name)
  local v = redis.call('HMGET', key('breaker', name),
    'state', 'failures', 'epoch', 'opened', 'until', 'successes', 'paused')
  local b = {state = v[1] or 'closed', failures = tonumber(v[2] or 0), epoch = tonumber(v[3] or 0),
    opened = tonumber(v[4] or 0), retry = tonumber(v[5] or 0), successes = tonumber(v[6] or 0),
    paused = tonumber(v[7] or 0), probes = key('probes', name)}
  return b
end

local function save(name, b)
  local k = key('breaker', name)
  redis.call('HSET', k, 'state', b.state, 'failures', b.failures, 'epoch', b.epoch, 'opened', stamp(b.opened),
    'until', stamp(b.retry), 'successes', b.successes, 'paused', stamp(b.paused))
  redis.call('EXPIRE', k, math.ceil(KEPT + math.max(b.retry - now, b.paused - now, 0)))
end

local function turn(b, state)
  b.state, b.epoch, b.successes = state, b.epoch + 1, 0
  redis.call('DEL', b.probes)
end

local function close(b)
  turn(b, 'closed')
  b.failures, b.opened, b.retry = 0, 0, 0
end

local function advance(name, b)
  if b.state == 'open' and now >= b.retry then
    turn(b, 'half_open')
    b.retry = 0
    save(name, b)
  end
end

local function lease(k, call)
  redis.call('ZADD', k, stamp(now + LEASE), call)
  redis.call('EXPIRE', k, LEASE + 1)
end

local function held(k)
  redis.call('ZREMRANGEBYSCORE', k, '-inf', stamp(now))
  return redis.call('ZCARD', k)
end

local function window_wait(k, amount, limit)
  local spent, seconds, over = redis.call('HGETALL', k), {}, amount - limit
  for i = 1, #spent, 2 do
    local at, n = tonumber(spent[i]), tonumber(spent[i + 1])
    if at < second - WINDOW then
      redis.call('HDEL', k, spent[i])
    else
      seconds[#seconds + 1] = {at, n}
      over = over + n
    end
  end
  if over <= 0 then return 0 end
  table.sort(seconds, function(a, b) return a[1] < b[1] end)
  for _, one in ipairs(seconds) do
    over = over - one[2]
    if over <= 0 then return one[1] + WINDOW + 1 - now end
  end
  return 0
end

local function spend(k, amount)
  redis.call('HINCRBY', k, second, amount)
  redis.call('EXPIRE', k, WINDOW + 2)
end

local function refusal(op, b)
  if b.state == 'open' then return 'breaker_open', b.retry - now end
  if b.state == 'half_open' and held(b.probes) >= op.probes then return 'breaker_open', PROBE_WAIT end
  if b.paused > now then return 'paused', b.paused - now end
  if op.slots and held(key('slots', op.name)) >= op.slots then return 'concurrency', SLOT_WAIT end
  local wait = op.requests and window_wait(key('requests', op.name), 1, op.requests) or 0
  if wait > 0 then return 'requests', wait end
  wait = op.minute and window_wait(key('tokens', op.name), op.tokens, op.minute) or 0
  if wait > 0 then return 'tokens', wait end
end

local function view(b)
  return {state = b.state, failures = b.failures, epoch = b.epoch, successes = b.successes,
    opened = b.opened, retry = b.retry, paused = b.paused, now = now}
end

local function rest(name, b, pause)
  if now + pause > b.paused then
    b.paused = now + pause
    save(name, b)
  end
end

local act = {}

function act.enter(op)
  local b = load(op.name)
  advance(op.name, b)
  local reason, wait = refusal(op, b)
  if reason then return {reason = reason, wait = wait, seen = view(b)} end
  if b.state == 'half_open' then lease(b.probes, op.call) end
  if op.slots then lease(key('slots', op.name), op.call) end
  if op.requests then spend(key('requests', op.name), 1) end
  if op.minute and op.tokens > 0 then spend(key('tokens', op.name), op.tokens) end
  return {second = second, seen = view(b)}
end

function act.leave(op)
  if op.slot then redis.call('ZREM', key('slots', op.name), op.call) end
  if op.probe then redis.call('ZREM', key('probes', op.name), op.call) end
  local tokens = key('tokens', op.name)
  if op.correct and redis.call('HEXISTS', tokens, op.second) == 1 then
    if redis.call('HINCRBY', tokens, op.second, op.correct) < 0 then redis.call('HSET', tokens, op.second, 0) end
  end
  local b = load(op.name)
  if op.pause then rest(op.name, b, op.pause) end
  if op.epoch ~= b.epoch then return {seen = view(b)} end
  if op.verdict == 'failure' then
    b.failures = b.failures + 1
    if b.state == 'half_open' or b.failures >= op.failures then
      turn(b, 'open')
      b.opened, b.retry = now, now + op.timeout
    end
    save(op.name, b)
  elseif op.verdict == 'success' and b.state == 'half_open' then
    b.successes = b.successes + 1
    if b.successes >= op.successes then close(b) end
    save(op.name, b)
  elseif op.verdict == 'success' and b.failures > 0 then
    b.failures = 0
    save(op.name, b)
  end
  return {seen = view(b)}
end

function act.pause(op)
  local b = load(op.name)
  rest(op.name, b, op.pause)
  return {seen = view(b)}
end

function act.renew(op)
  if op.slot then lease(key('slots', op.name), op.call) end
  local probes = key('probes', op.name)
  if op.probe and redis.call('ZSCORE', probes, op.call) then lease(probes, op.call) end
  return {}
end

function act.show(op)
  local b = load(op.name)
  advance(op.name, b)
  return {seen = view(b)}
end

function act.reset(op)
  local b = load(op.name)
  close(b)
  save(op.name, b)
  return {seen = view(b)}
end

local memory = key('memory', 'since')
redis.call('SET', memory, stamp(now), 'NX', 'EX', KEPT)
local results = {}
for i, op in ipairs(cjson.decode(ARGV[1])) do results[i] = act[op.act](op) end
return cjson.encode({memory = redis.call('GET', memory), results = results})
"""
