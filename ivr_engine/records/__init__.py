"""What the engine keeps: contacts and their journal, citizens, cases, articles. All SQL of the project is in this room.

An event goes `Store.record` → spool (acknowledged) → writer's thread → journal and tables, one path for every call. Nobody
outside knows what the store is made of.
"""
