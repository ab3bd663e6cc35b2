-- What may be done by those who write runs and those who read them: no more than they need.
-- Run by the owner of the tables, once after the first `tracker db upgrade`, and harmless again.
--
--   tracker_writer  inserts and updates; cannot delete what was measured, nor change the schema
--   tracker_reader  reads

GRANT USAGE ON SCHEMA public TO tracker_writer, tracker_reader;
GRANT SELECT ON ALL TABLES IN SCHEMA public TO tracker_writer, tracker_reader;
GRANT INSERT, UPDATE ON ALL TABLES IN SCHEMA public TO tracker_writer;
REVOKE INSERT, UPDATE ON alembic_version FROM tracker_writer;

-- What is only added up from the rest, to be found fast, is taken back and added up again.
GRANT DELETE ON tags, figures, unbooked, totals, total_boards, grid_answers, grid_values
    TO tracker_writer;

-- The same for tables that a later upgrade makes.
ALTER DEFAULT PRIVILEGES IN SCHEMA public
    GRANT SELECT ON TABLES TO tracker_writer, tracker_reader;
ALTER DEFAULT PRIVILEGES IN SCHEMA public
    GRANT INSERT, UPDATE ON TABLES TO tracker_writer;
