/** As a production server has it, but for the memory: everything that was acknowledged is on the disk. */
export const POSTGRES_SETTINGS = ["shared_buffers=512MB", "max_wal_size=4GB", "checkpoint_timeout=15min"];
