-- A module hook of APISIX (apisix.lua_module_hook). The nodes of an upstream are the healthy instances in Consul; where there is none,
-- APISIX answers 503 at once. Often that is an accident of the checks, not of every instance: a busy machine answered one too late. So
-- the last nodes stay for a while, as they do on a director.
--
-- An upstream says for how long: discovery_args.grace_seconds, 0 for not at all, -1 for good.

require("apisix") -- sets up the runtime, and has to be first
local consul = require("apisix.discovery.consul")
local find, init_worker = consul.nodes, consul.init_worker

local GRACE_SECONDS = 30

-- By service: the nodes that it had last, and since when it has none.
local last, gone = {}, {}

local function kept(name, args)
    local grace = args and args.grace_seconds or GRACE_SECONDS
    if grace < 0 or ngx.now() - gone[name] < grace then
        return last[name]
    end
end

function consul.nodes(name, args)
    local nodes = gone[name] and kept(name, args)
    if nodes then
        return nodes
    end
    local found, err = find(name, args)
    if found or gone[name] then
        return found, err
    end
    -- Gone since this second, which the timer has not seen yet.
    gone[name] = ngx.now()
    return kept(name, args), err
end

local function look()
    local services = consul.all_nodes()
    for name, nodes in pairs(services) do
        last[name], gone[name] = nodes, nil
    end
    for name in pairs(last) do
        if not services[name] then
            gone[name] = gone[name] or ngx.now()
        end
    end
end

-- Every worker looks once a second: it knows services that it was not asked for, too.
function consul.init_worker()
    init_worker()
    ngx.timer.at(0, look)
    ngx.timer.every(1, look)
end
