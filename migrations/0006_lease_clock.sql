-- `pages.lease_until` counts milliseconds since boot, not since 1970: a wall
-- clock may be set. Leases from before are those of runs that have ended.
UPDATE pages SET lease_until = 0 WHERE state = 'leased';
