-- A module hook of APISIX (apisix.lua_module_hook), where Consul wants a token: that of when-empty.lua, and the token.
--
-- It is read from a file whenever Consul is asked. So it is neither in config.yaml nor in the environment, the control API does not show
-- it, and another token needs no restart.

require("when-empty")
local consul = require("resty.consul")
local get = consul.get

local FILE = "TOKEN-FILE"

-- Without a token Consul would answer that there is no service at all, and not that it refuses.
local last = "missing"

local function token()
    local file = io.open(FILE)
    if file then
        local text = file:read("*a")
        file:close()
        if text ~= "" then
            last = text
        end
    end
    return last
end

function consul.get(self, path, args)
    args = args or {}
    args.token = token()
    return get(self, path, args)
end
