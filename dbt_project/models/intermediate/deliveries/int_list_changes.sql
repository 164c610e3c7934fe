-- Grain: one row per key of a list published whole and change of it, the first list adding all it has.
{{ list_history(source('lake', 'list_records'), source('lake', 'lists')) }}
