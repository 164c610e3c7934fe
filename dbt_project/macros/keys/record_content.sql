{# The columns whose digest decides between two records of a mark with the same dates. #}
{% macro uspto_content() -%}
    {{ return([
        'registration_number', 'status_code', 'status_date_text', 'filing_date_text', 'registration_date_text',
        'renewal_date', 'mark_text', 'mark_drawing_code'
    ]) }}
{%- endmacro %}

{% macro tipo_content() -%}
    {{ return(['registration_number', 'mark_text', 'filing_date', 'mark_type']) }}
{%- endmacro %}

{% macro euipo_content() -%}
    {{ return([
        'operation_code', 'status_text', 'status_date', 'filing_date', 'registration_date', 'expiry_date',
        'mark_text', 'mark_kind', 'mark_feature'
    ]) }}
{%- endmacro %}

{# The columns by which two rows of a mark in China's register differ. #}
{% macro cnipa_content() -%}
    {{ return([
        'legal_status', 'mark_text', 'applicant_name', 'applicant_name_en', 'applicant_address', 'filing_date',
        'preliminary_date', 'registration_date', 'term_start_date', 'expiry_date', 'mark_kind', 'is_well_known',
        'international_registration_no'
    ]) }}
{%- endmacro %}

{# The columns by which two extracts of an enterprise differ. #}
{% macro enterprise_content() -%}
    {{ return([
        'enterprise_name', 'enterprise_name_en', 'registered_date', 'region_code', 'industry_code',
        'registration_state', 'address_norm'
    ]) }}
{%- endmacro %}
