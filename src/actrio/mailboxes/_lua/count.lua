-- name → K size, U

local b = find_box(ARGV[1])
if not b then return {'U'} end
return {'K', size(b)}
