/** A script that Redis runs atomically. */
export interface RedisScript {
  readonly keys: number;
  readonly lua: string;
}

/**
 * Redis's own time, ms: leases use this one clock, whatever the managers' clocks say. A fire must also be due
 * by the caller's clock, which the ledger uses, so that the ledger does not find it too early.
 */
const TIME = `
local time = redis.call('TIME')
local redisNow = time[1] * 1000 + math.floor(time[2] / 1000)
local function dueBy(callerNow) return math.min(redisNow, tonumber(callerNow)) end
`;

/**
 * KEYS definitions, groups, due, state. ARGV for each schedule: group id, definition, when due or ''. Ends
 * any lease: what is registered while it is fired is checked again, since that fire's answer may be stale.
 */
const register: RedisScript = {
  keys: 4,
  lua: `
for i = 1, #ARGV, 3 do
  local group, definition, fireAt = ARGV[i], ARGV[i + 1], ARGV[i + 2]
  redis.call('ZADD', KEYS[2], 0, group)
  if fireAt == '' then
    redis.call('ZREM', KEYS[3], group)
  else
    redis.call('ZADD', KEYS[3], fireAt, group)
  end
  redis.call('HSET', KEYS[1], group, definition)
end
redis.call('HINCRBY', KEYS[4], 'revision', 1)`,
};

/** KEYS definitions, groups, due, state. ARGV: group ids. */
const unregister: RedisScript = {
  keys: 4,
  lua: `
redis.call('HDEL', KEYS[1], unpack(ARGV))
redis.call('ZREM', KEYS[2], unpack(ARGV))
redis.call('ZREM', KEYS[3], unpack(ARGV))
redis.call('HINCRBY', KEYS[4], 'revision', 1)`,
};

/**
 * KEYS definitions, due. ARGV for each move: group id, when due. The definition of a fire that is leased
 * changes in any case, which ends the lease as a token, so that its answer is not written over the move.
 */
const hasten: RedisScript = {
  keys: 2,
  lua: `
for i = 1, #ARGV, 2 do
  local group, fireAt = ARGV[i], tonumber(ARGV[i + 1])
  local definition = redis.call('HGET', KEYS[1], group)
  local kept, known = string.match(definition or '', '^(%d+:%d+:)(.*)$')
  local score = tonumber(redis.call('ZSCORE', KEYS[2], group) or nil)
  local isLeased = score and score ~= tonumber(known)
  if kept and (not score or isLeased or fireAt < score) then
    redis.call('HSET', KEYS[1], group, kept .. ARGV[i + 1])
    redis.call('ZADD', KEYS[2], math.min(score or fireAt, fireAt), group)
  end
end`,
};

/**
 * KEYS groups, definitions, due. ARGV: lexical lower bound of the group ids, maximum number. Returns group,
 * definition, when to check, …
 */
const list: RedisScript = {
  keys: 3,
  lua: `
local groups = redis.call('ZRANGEBYLEX', KEYS[1], ARGV[1], '+', 'LIMIT', 0, ARGV[2])
if #groups == 0 then return {} end
local definitions = redis.call('HMGET', KEYS[2], unpack(groups))
local scores = redis.call('ZMSCORE', KEYS[3], unpack(groups))
local page = {}
for i, group in ipairs(groups) do
  page[#page + 1] = group
  page[#page + 1] = definitions[i] or ''
  page[#page + 1] = scores[i] or ''
end
return page`,
};

/**
 * KEYS ticker, due, waiting, state. ARGV: the caller, the duration of the ticker's role, the caller's time, the
 * number of fires in a batch, the maximum number of waiting calls. Returns the id of the data, how often they
 * were changed, whether the caller is the ticker, how many calls to make, and in how many ms there is
 * something to do (-1: unknown).
 */
const look: RedisScript = {
  keys: 4,
  lua: `${TIME}
local id = redis.call('HGET', KEYS[4], 'id')
if not id then
  id = ARGV[1] .. ' ' .. time[1] .. '.' .. time[2]
  redis.call('HSET', KEYS[4], 'id', id)
end
local revision = tonumber(redis.call('HGET', KEYS[4], 'revision') or 0)
local function seen(isTicker, calls, idle) return {id, revision, isTicker, calls, idle} end
local holder = redis.call('GET', KEYS[1])
if holder and holder ~= ARGV[1] then return seen(0, 0, redis.call('PTTL', KEYS[1])) end
if not holder or redis.call('PTTL', KEYS[1]) < ARGV[2] / 2 then
  redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
end
local now = dueBy(ARGV[3])
local due = redis.call('ZCOUNT', KEYS[2], '-inf', now)
if due > 0 then
  local calls = math.min(math.ceil(due / ARGV[4]), tonumber(ARGV[5])) - redis.call('LLEN', KEYS[3])
  return seen(1, math.max(0, calls), 0)
end
local first = redis.call('ZRANGE', KEYS[2], 0, 0, 'WITHSCORES')
if #first == 0 then return seen(1, 0, -1) end
return seen(1, 0, math.min(tonumber(first[2]) - now, 86400000))`,
};

/** KEYS ticker. ARGV: the caller. */
const resign: RedisScript = {
  keys: 1,
  lua: `if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end`,
};

/**
 * KEYS definitions, due. ARGV: the caller's time, the lease in ms, the maximum number. Returns the end of the
 * lease, group, definition, …
 */
const take: RedisScript = {
  keys: 2,
  lua: `${TIME}
local groups = redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', dueBy(ARGV[1]), 'LIMIT', 0, ARGV[3])
if #groups == 0 then return {} end
local definitions = redis.call('HMGET', KEYS[1], unpack(groups))
local leasedUntil = redisNow + ARGV[2]
local taken, leases = {leasedUntil}, {}
for i, group in ipairs(groups) do
  if definitions[i] then
    taken[#taken + 1] = group
    taken[#taken + 1] = definitions[i]
    leases[#leases + 1] = leasedUntil
    leases[#leases + 1] = group
  else
    redis.call('ZREM', KEYS[2], group)
  end
end
if #leases > 0 then redis.call('ZADD', KEYS[2], unpack(leases)) end
return taken`,
};

/**
 * The lease is the fencing token: registering, updating or taking a group changes when it is to be checked.
 * The definition is compared as well, since a schedule may be registered for exactly that instant.
 */
const holding = (perFire: number, first: number): string => `
local groups = {}
for i = ${first}, #ARGV, ${perFire} do groups[#groups + 1] = ARGV[i] end
local definitions = redis.call('HMGET', KEYS[1], unpack(groups))
local scores = redis.call('ZMSCORE', KEYS[2], unpack(groups))
local leasedUntil = tonumber(ARGV[1])
local function isHeld(i, definition)
  return definitions[i] == definition and scores[i] and tonumber(scores[i]) == leasedUntil
end
`;

/**
 * KEYS definitions, due. ARGV: end of the lease, then for each fire: group id, definition, the next
 * definition, when that is due or ''.
 */
const settle: RedisScript = {
  keys: 2,
  lua: `${holding(4, 2)}
local held, moved, ended = {}, {}, {}
for i, group in ipairs(groups) do
  local at = (i - 1) * 4 + 1
  if isHeld(i, ARGV[at + 2]) then
    held[#held + 1] = group
    held[#held + 1] = ARGV[at + 3]
    if ARGV[at + 4] == '' then
      ended[#ended + 1] = group
    else
      moved[#moved + 1] = ARGV[at + 4]
      moved[#moved + 1] = group
    end
  end
end
if #held > 0 then redis.call('HSET', KEYS[1], unpack(held)) end
if #moved > 0 then redis.call('ZADD', KEYS[2], unpack(moved)) end
if #ended > 0 then redis.call('ZREM', KEYS[2], unpack(ended)) end`,
};

/**
 * KEYS definitions, due. ARGV: end of the lease, how many ms from now to postpone the fires, then for each
 * fire: group id, definition. Returns the new end of the lease.
 */
const postpone: RedisScript = {
  keys: 2,
  lua: `${TIME}${holding(2, 3)}
local extended = redisNow + ARGV[2]
local moved = {}
for i, group in ipairs(groups) do
  if isHeld(i, ARGV[i * 2 + 2]) then
    moved[#moved + 1] = extended
    moved[#moved + 1] = group
  end
end
if #moved > 0 then redis.call('ZADD', KEYS[2], unpack(moved)) end
return extended`,
};

/** The engine's scripts by name. */
export const SCRIPTS = { register, unregister, hasten, list, look, resign, take, settle, postpone } as const;

export type ScriptName = keyof typeof SCRIPTS;
