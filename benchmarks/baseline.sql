-- The star and the marts by hand from the raw tables that baseline.py has read.
create schema star;
create schema marts;

create temp macro key_of(name) as cast('0x' || left(md5(name), 15) as bigint);
create temp macro date_key(day) as
    case
        when day between date '1950-01-01' and date '2060-12-31' then year(day) * 10000 + month(day) * 100 + day(day)
        else -1
    end;
create temp macro us_day(t) as try_cast(left(t, 4) || '-' || substr(t, 5, 2) || '-' || substr(t, 7) as date);
create temp macro us_text(t) as
    case
        when t is null or t in ('0', '00000000') then null
        when t like '%0000' then left(t, 4)
        when t like '%00' then left(t, 4) || '-' || substr(t, 5, 2)
        else cast(us_day(t) as varchar)
    end;
create temp macro roc_day(t) as
    try_cast(
        (try_cast(split_part(t, '.', 1) as integer) + 1911) || '-' || split_part(t, '.', 2) || '-' || split_part(t, '.', 3)
        as date
    );
create temp macro any_day(t) as
    try_cast(regexp_replace(t, '^(\d{4})[-./年]?(\d{1,2})[-./月]?(\d{1,2})日?$', '\1-\2-\3') as date);
create temp macro production_days(t) as
    list_transform(
        if(
            regexp_full_match(t, '\d{8}'),
            [t],
            regexp_extract_all(t, '(?:19|20)\d{2}[-./年]\d{1,2}[-./月]\d{1,2}')
        ),
        lambda day: any_day(day)
    );
-- The eighteenth sign of a credit code follows from the seventeen before it (GB 32100).
create temp macro is_credit_code(t) as
    regexp_full_match(t, '[0-9A-HJ-NPQRTUWXY]{18}')
    and (
        list_sum(
            list_transform(
                [1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28],
                lambda weight, i: weight * (strpos('0123456789ABCDEFGHJKLMNPQRTUWXY', substr(t, i, 1)) - 1)
            )
        ) + strpos('0123456789ABCDEFGHJKLMNPQRTUWXY', right(t, 1)) - 1
    ) % 31 = 0;
create temp macro quantity(t) as
    regexp_extract(
        t,
        '^([<≤>≥]?)([+-]?\d[\d.]*)(?:[×xX*]10\^?(\d{1,2}))?([A-Za-zμΩ%‰/].*)?$',
        ['comparator', 'base', 'exponent', 'unit']
    );
create temp macro amount(q) as try_cast(q.base as double) * 10 ^ coalesce(try_cast(q.exponent as integer), 0);
create temp macro told(t) as case when t not in ('', '/', '—', '---', '无') then t end;

-- Deliveries and reference tables.
create temp table file as
select file_no, source_id, sha256, bytes, key_of(source_id || '|' || sha256) as delivery_key from raw_file;

create table star.dim_delivery as
select delivery_key, source_id, sha256, bytes, 'loaded' as state from file
union all
select -1, 'unknown', 'unknown', null, 'unknown';

create table star.dim_date as
with days as (
    select cast(day as date) as d
    from generate_series(timestamp '1950-01-01', timestamp '2060-12-31', interval 1 day) as series(day)
)
select
    date_key(d) as date_key,
    d as calendar_date,
    year(d) as year,
    quarter(d) as quarter,
    month(d) as month,
    strftime(d, '%Y-%m') as period,
    day(d) as day,
    isodow(d) as weekday,
    case when day_kind = 'off' then true when year(d) between 2020 and 2026 then false end as is_public_holiday,
    holiday_zh,
    holiday_en,
    case when day_kind = 'work' then true when year(d) between 2020 and 2026 then false end as is_makeup_workday,
    case
        when day_kind = 'work' then true
        when day_kind = 'off' then false
        when year(d) between 2020 and 2026 then isodow(d) <= 5
    end as is_workday,
    year(d) >= 2017 and month(d) = 5 and day(d) = 10 as is_china_brand_day,
    year(d) >= 1978 and month(d) = 9 as is_quality_month
from days
left join read_csv(getvariable('seeds') || '/public_holidays.csv') as holidays on days.d = holidays.calendar_date
union all
select -1, null, null, null, null, 'unknown', null, null, null, null, null, null, null, false, false;

create table star.dim_nice_class as
select cast(nice_class as bigint) as nice_class_key, nice_class, name_zh, name_en, kind
from read_csv(getvariable('seeds') || '/nice_classes.csv')
union all
select -1, null, '未知', 'Unknown', 'unknown';

create temp table region as
with periods as (
    select
        代码 as region_code,
        名称 as name_zh,
        级别 as level,
        cast(启用时间 as integer) as from_year,
        cast("变更/弃用时间" as integer) as to_year,
        状态 as state,
        新代码 as successor_codes
    from raw_region
    union all
    select region_code, name_zh, level_name, valid_from_year, null, '在用', null
    from read_csv(getvariable('seeds') || '/region_supplements.csv', types = {'region_code': 'varchar'})
    where region_code not in (select 代码 from raw_region)
)
select
    key_of(region_code || '|' || from_year) as region_key,
    region_code,
    name_zh,
    level,
    make_date(from_year, 1, 1) as valid_from,
    coalesce(make_date(to_year, 1, 1), date '9999-12-31') as valid_to,
    row_number() over (
        partition by region_code order by from_year desc, state <> '在用', coalesce(to_year, 9999) desc, name_zh
    ) = 1 as is_latest,
    successor_codes,
    case when region_code <> '100000' then left(region_code, 2) || '0000' end as province_code,
    case
        when
            level in ('地级', '县级')
            and left(region_code, 4) || '00' in (select p.region_code from periods as p where p.level = '地级')
            then left(region_code, 4) || '00'
    end as city_code
from periods
qualify row_number() over (
    partition by region_code, from_year order by state <> '在用', coalesce(to_year, 9999) desc, name_zh
) = 1;

create table star.dim_region as
with parents as (
    select region.region_key, arg_max(parent.region_key, parent.valid_from) as parent_region_key
    from region
    inner join region as parent
        on
            parent.region_code = case
                when region.level = '省级' then '100000'
                when region.level = '县级' and region.city_code is not null then region.city_code
                else region.province_code
            end
            and parent.valid_from < region.valid_to
    where region.level <> '国家'
    group by all
)
select
    region.region_key,
    region.region_code,
    region.name_zh,
    region.level,
    coalesce(parents.parent_region_key, -1) as parent_region_key,
    region.province_code,
    region.city_code,
    region.valid_from,
    region.valid_to,
    case when region.valid_to < date '9999-12-31' then left(region.successor_codes, 6) end as successor_code,
    region.successor_codes,
    zones.zone as economic_zone,
    region.is_latest
from region
left join parents on region.region_key = parents.region_key
left join read_csv(getvariable('seeds') || '/province_zones.csv', types = {'province_code': 'varchar'}) as zones
    on region.province_code = zones.province_code
union all
select -1, '000000', '未知', '未知', -1, null, null, date '1900-01-01', date '9999-12-31', null, null, null, true;

-- Regions on today's map: by listed successors, by the same name going on, or by where a prefecture's counties went.
create temp table region_successor as
with named as (
    select
        *,
        regexp_replace(regexp_replace(name_zh, '(\p{Han}{1,3}族|蒙古|哈萨克|柯尔克孜)+(自治[州县])$', ''), '(新区|市|地区|盟|自治州|县|区)$', '')
            as short_name
    from region
    where level <> '国家'
),

ended as (
    select * from named
    where valid_to < date '9999-12-31'
),

listed as (
    select distinct
        region_key,
        valid_to,
        unnest(regexp_extract_all(regexp_replace(successor_codes, '\d{6}\[\d{4}\]', '', 'g'), '\d{6}')) as successor_code
    from ended
),

direct as (
    select listed.region_key, arg_min(next.region_key, next.valid_to) as successor_key
    from listed
    inner join named as next on listed.successor_code = next.region_code and next.valid_to > listed.valid_to
    group by listed.region_key, listed.successor_code
    union all
    select
        ended.region_key,
        coalesce(
            any_value(next.region_key) filter (next.region_code = ended.region_code),
            if(count(*) = 1, any_value(next.region_key), null)
        )
    from ended
    inner join named as next
        on
            ended.province_code = next.province_code
            and ended.level = next.level
            and (ended.region_code = next.region_code or ended.short_name = next.short_name)
            and next.valid_from between ended.valid_to and ended.valid_to + interval 1 year
            and next.valid_to > ended.valid_to
    where ended.region_key not in (select region_key from listed)
    group by ended.region_key, ended.region_code
)

select * from direct
where successor_key is not null
union
select ended.region_key, containing.region_key
from ended
inner join ended as county
    on
        county.level = '县级'
        and left(county.region_code, 4) = left(ended.region_code, 4)
        and county.valid_to = ended.valid_to
inner join direct on county.region_key = direct.region_key
inner join region as moved on direct.successor_key = moved.region_key
inner join region as containing
    on
        containing.region_code = coalesce(moved.city_code, moved.province_code)
        and ended.valid_to >= containing.valid_from
        and ended.valid_to < containing.valid_to
where
    ended.level = '地级'
    and ended.region_key not in (select region_key from direct where successor_key is not null);

create table star.bridge_region_restatement as
with recursive followed as (
    select region_key, region_key as reached_key
    from region
    union
    select followed.region_key, region_successor.successor_key
    from followed
    inner join region_successor on followed.reached_key = region_successor.region_key
)

select distinct
    followed.region_key,
    coalesce(
        if(reached.valid_to = date '9999-12-31', reached.region_key, null), city.region_key, province.region_key
    ) as today_region_key
from followed
inner join region as reached on followed.reached_key = reached.region_key
left join region as city on reached.city_code = city.region_code and city.valid_to = date '9999-12-31'
left join region as province on reached.province_code = province.region_code and province.valid_to = date '9999-12-31'
where followed.reached_key not in (select region_key from region_successor)
union all
select -1, -1;

-- Sources, one row per thing.
create temp table us_case as
select
    key_of('US|' || serial_number) as trademark_key,
    file_no,
    "<record>" as record,
    serial_number,
    case when registration_number not in ('0', '0000000') then registration_number end as registration_number,
    us_day(filing_date) as filing_date,
    us_text(filing_date) as filing_date_text,
    us_day(registration_date) as registration_date,
    us_text(registration_date) as registration_date_text,
    lpad(status_code, 3, '0') as status_code,
    us_day(status_date) as status_date,
    us_text(status_date) as status_date_text,
    mark_identification as mark_text,
    us_day(renewal_date) as renewal_date,
    case when international_registration_number <> '0000000' then international_registration_number end
        as international_registration_no
from raw_case_file
where regexp_full_match(serial_number, '\d{8}') and status_code <> '' and us_day(transaction_date) is not null
qualify row_number() over (partition by serial_number order by transaction_date desc, file_no desc, record desc) = 1;

create temp table tw_mark as
with registrations as (
    select
        file_no,
        "<record>" as record,
        any_value(CaseNo) as CaseNo,
        any_value(RegisterNo) as RegisterNo,
        any_value(Trademark_Name) as Trademark_Name,
        any_value(Filing_Date) as Filing_Date,
        any_value(SDate) as SDate,
        any_value(EDate) as EDate
    from raw_registration_part
    group by all
)

select
    key_of('TW|' || CaseNo) as trademark_key,
    file_no,
    record,
    CaseNo as application_no,
    RegisterNo as registration_no,
    Trademark_Name as mark_text,
    roc_day(Filing_Date) as filing_date,
    roc_day(SDate) as registration_date,
    roc_day(EDate) as expiry_date
from registrations
where
    regexp_full_match(CaseNo, '\d{9}')
    and regexp_full_match(RegisterNo, '\d{8}')
    and roc_day(SDate) is not null
qualify row_number() over (partition by CaseNo order by registration_date desc, file_no desc, record desc) = 1;

create temp table em_mark as
select
    key_of('EM|' || ApplicationNumber) as trademark_key,
    file_no,
    "<record>" as record,
    ApplicationNumber as application_no,
    try_cast(ApplicationDate as date) as filing_date,
    try_cast(RegistrationDate as date) as registration_date,
    try_cast(ExpiryDate as date) as expiry_date,
    nullif(MarkVerbalElementText, '') as mark_text,
    if(operationCode = 'Delete', 'Deleted', MarkCurrentStatusCode) as status_code,
    if(operationCode = 'Delete', cast(left(RequestProducerDateTime, 10) as date), null) as deleted_date,
    coalesce(deleted_date, try_cast(MarkCurrentStatusDate as date)) as status_date
from raw_em_mark
where
    regexp_full_match(ApplicationNumber, '[0-9W]\d{8}[A-Z]?')
    and try_cast(RequestProducerDateTime as timestamp) is not null
    and (ApplicationDate is null or try_cast(ApplicationDate as date) is not null)
qualify row_number() over (
    partition by ApplicationNumber order by RequestProducerDateTime desc, file_no desc, "<record>" desc
) = 1;

create temp table cn_class as
select
    key_of('CN|' || 注册号) as trademark_key,
    file_no,
    record_no,
    注册号 as application_no,
    regexp_extract(国际分类, '^第?0*(\d+)类?$', 1) as class_code,
    told(商标名称) as mark_text,
    "申请人名称(中)" as owner_name,
    "申请人名称(英)" as owner_name_en,
    申请人地址 as owner_address,
    any_day(申请日期) as filing_date,
    any_day(初审公告日期) as preliminary_date,
    any_day(注册公告日期) as registration_date,
    any_day(专用期止) as expiry_date,
    法律状态 as status_code,
    case 是否驰名 when '是' then true when '否' then false end as is_well_known,
    国际注册号 as international_registration_no
from raw_cn_class
where
    regexp_full_match(注册号, 'G?\d{1,9}[A-Z]{0,2}')
    and try_cast(class_code as integer) between 1 and 45
    and (申请日期 is null or any_day(申请日期) is not null)
qualify row_number() over (partition by 注册号, class_code order by file_no desc, record_no desc) = 1;

create temp table status as
from read_csv(getvariable('seeds') || '/trademark_statuses.csv');

create temp table cn_mark as
select
    cn_class.* exclude (is_well_known),
    bool_or(is_well_known) over (partition by trademark_key) as is_well_known,
    coalesce(status_group, 'unknown') as status_group
from cn_class
left join status on cn_class.status_code = status.status_code and office_code = 'CN'
qualify row_number() over (
    partition by trademark_key
    order by
        list_position(['live', 'pending', 'dead', 'unknown'], coalesce(status_group, 'unknown')),
        cast(class_code as integer)
) = 1;

create temp table owner as
with us as (
    select
        us_case.trademark_key,
        o."<item>" + 1 as owner_no,
        'uspto_trademark' as source_id,
        o.party_name as owner_name,
        null as owner_name_en,
        o.party_type,
        coalesce(cast(o.entry_number as bigint), o."<item>" + 1) as entry_no,
        coalesce(o.nationality_country, o.country) as country,
        max(o.party_type) filter (where o.party_type < '70') over (partition by us_case.trademark_key) as latest_party
    from raw_owner as o
    inner join us_case on o.file_no = us_case.file_no and o."<record>" = us_case.record
),

tw as (
    select
        tw_mark.trademark_key,
        row_number() over (partition by tw_mark.trademark_key order by p."<item>") as owner_no,
        'tipo_gazette' as source_id,
        regexp_replace(p.AChinese, '^(美|日|德|英|法|瑞士|南韓|香港|新加坡|開曼群島|大陸)商(.{2,})$', '\2') as owner_name,
        nullif(p.AEnglish, '') as owner_name_en,
        null as party_type,
        regexp_extract(p.AChinese, '^(美|日|德|英|法|瑞士|南韓|香港|新加坡|開曼群島|大陸)商(.{2,})$', 1) as country
    from raw_registration_part as p
    inner join tw_mark on p.file_no = tw_mark.file_no and p."<record>" = tw_mark.record
    where p.AChinese is not null
)

select * exclude (latest_party), coalesce(party_type = latest_party, false) as is_current_owner from us
union all by name
select *, owner_no as entry_no, true as is_current_owner from tw
union all by name
select
    em_mark.trademark_key,
    a."<item>" + 1 as owner_no,
    'euipo_trademark' as source_id,
    a.Identifier as owner_identifier,
    a."<item>" + 1 as entry_no,
    true as is_current_owner
from raw_em_applicant as a
inner join em_mark on a.file_no = em_mark.file_no and a."<record>" = em_mark.record
where a.Identifier <> ''
union all by name
select
    trademark_key,
    1 as owner_no,
    'cnipa_trademark' as source_id,
    owner_name,
    owner_name_en,
    owner_address,
    1 as entry_no,
    true as is_current_owner
from cn_mark
where coalesce(owner_name, owner_name_en) <> '';

create temp table enterprise as
select
    "统一社会信用代码" as uscc,
    企业名称 as name,
    英文名称 as name_en,
    企业类型 as enterprise_type,
    cast(成立日期 as date) as registered_date,
    行政区划代码 as region_code,
    行业代码 as industry_code,
    登记状态 as registration_state,
    cast(数据日期 as date) as extract_date,
    曾用名 as former_names
from raw_enterprise
where
    企业名称 <> ''
    and is_credit_code("统一社会信用代码")
    and (成立日期 is null or try_cast(成立日期 as date) is not null)
qualify row_number() over (partition by uscc order by extract_date desc, file_no desc) = 1;

create temp table sample as
with printed as (
    select
        raw_sample.*,
        source_id,
        coalesce(told(recheck_conclusion), conclusion, if(contains(list, '不合格'), '不合格', '合格')) as verdict,
        production_days(production_date) as days
    from raw_sample
    inner join file using (file_no)
)

select
    key_of(
        source_id || '|' || agency || '|' || notice_no || '|' || coalesce(cast(any_day(notice_date) as varchar), '')
        || '||' || sample_no
    ) as inspection_key,
    source_id,
    file_no,
    record_no,
    if(contains(verdict, '不合格'), 'fail', 'pass') as result,
    told(recheck_conclusion) is not null as is_recheck,
    sample_no,
    notice_no,
    any_day(notice_date) as notice_date,
    if(contains(producer, '委托'), producer, null) as roles,
    if(roles is null, told(producer), regexp_extract(producer, '(?:受委托方|生产单位)：([^；]+)', 1)) as producer_name,
    regexp_extract(roles, '^(?:标称)?委托(?:方|单位)：([^；]+)', 1) as commissioner_name,
    told(producer_address) as producer_address,
    told(sampled) as sampled_name,
    told(sampled_address) as sampled_address,
    product as product_name,
    told(spec) as spec,
    told(brand) as brand_text,
    days[1] as production_date,
    days[-1] as last_production_date,
    told(category) as category_name,
    agency,
    replace(told(failed_items), '‖', '║') as failed_items,
    item_name,
    item_result,
    item_limit
from printed
where
    product <> ''
    and not contains(verdict, '拒检')
    -- A result in the specification's place: the row is shifted.
    and not coalesce(regexp_full_match(spec, '[\d.]+m?g/k?g'), false);

create temp table recall as
select
    key_of('fda_enforcement|' || recall_number) as inspection_key,
    file_no,
    record_no,
    recall_number as recall_no,
    us_day(report_date) as report_date,
    classification as hazard_class,
    product_type,
    product_description,
    reason_for_recall as recall_reason
from raw_recall
where recall_number <> '' and reason_for_recall <> '' and us_day(report_date) is not null
qualify row_number() over (partition by recall_number order by exported desc, file_no desc, record_no desc) = 1;

create temp table notification as
select
    key_of('rasff|' || Reference) as inspection_key,
    file_no,
    record_no,
    Reference as notification_no,
    cast(try_strptime("Date of Case", '%b %d, %Y') as date) as notified_date,
    "Notification From" as notifying_country,
    nullif("Country Origin", '') as origin_country,
    Product as product_name,
    nullif("Product Category", '') as product_category,
    "Hazard Substance" as hazards,
    "Hazard Category" as hazard_categories
from raw_notification
where regexp_full_match(Reference, '\d{4}\.\d{1,5}') and try_strptime("Date of Case", '%b %d, %Y') is not null
qualify row_number() over (partition by Reference order by notified_date desc, file_no desc, record_no desc) = 1;

create temp table decision as
select
    * exclude (printed, decided),
    printed as recipient_name_as_printed,
    case
        when regexp_matches(printed, '[(（]原(.+)[)）]$') then regexp_extract(printed, '^(.+?)[(（]原', 1) else printed
    end as recipient_name,
    nullif(regexp_extract(printed, '[(（]原(.+)[)）]$', 1), '') as former_name,
    decided as decided_date_text,
    case when length(decided) = 10 then cast(decided as date) end as decided_date,
    recipient_kind = '企业' as is_enterprise
from raw_decision
where
    printed <> ''
    and (uscc is null or is_credit_code(uscc))
    and try_cast(rpad(decided, 10, '-01') as date) is not null;

-- Enterprises: by credit code, else by name key.
create temp table raw_name as
select distinct name
from (
    select name from enterprise
    union all
    select unnest(string_split(former_names, '；')) from enterprise
    union all
    select owner_name from owner
    union all
    select producer_name from sample
    union all
    select commissioner_name from sample
    union all
    select sampled_name from sample
    union all
    select recipient_name from decision
    union all
    select former_name from decision
) as names
where name <> '';

-- The keys of all names come here.

create temp table name_key as
select
    name,
    regexp_replace(
        replace(
            replace(regexp_replace(key, '[\s\p{P}\p{S}]+', '', 'g'), '有限责任公司', '有限公司'), '股份公司', '股份有限公司'
        ),
        '^(?:(北京|天津|上海|重庆)市|(河北|山西|辽宁|吉林|黑龙江|江苏|浙江|安徽|福建|江西|山东|河南|湖北|湖南|广东|海南|四川|贵州|云南|陕西|甘肃|青海|台湾)省|(内蒙古|西藏)自治区|(广西)壮族自治区|(宁夏)回族自治区|(新疆)维吾尔自治区)',
        '\1\2\3\4\5\6'
    ) as name_key
from raw_name_key;

create temp table mention as
select source_id, name_key, uscc, min(name) as name, min(name_en) as name_en
from (
    select source_id, owner_name as name, owner_name_en as name_en, null as uscc from owner
    union all
    select source_id, producer_name, null, null from sample
    union all
    select source_id, commissioner_name, null, null from sample
    union all
    select source_id, sampled_name, null, null from sample
    union all
    select 'recognition_list', recipient_name, null, uscc from decision where is_enterprise
) as mentions
inner join name_key using (name)
where name_key <> ''
group by all;

create temp table alias as
select name_key, uscc, min(kind) as unused, if(bool_or(kind = 'legal'), 'legal', 'former') as name_kind, min(name) as name
from (
    select uscc, name, 'legal' as kind from enterprise
    union all
    select uscc, unnest(string_split(former_names, '；')), 'former' from enterprise where former_names <> ''
) as names
inner join name_key using (name)
group by all
union all by name
select distinct name_key, uscc, 'legal' as name_kind, name from mention where uscc is not null;

create temp table bearer as
select name_key, count(distinct uscc) as n_bearers, min(uscc) as uscc, max(name_kind) as name_kind
from alias
group by name_key;

create temp table identity as
with named as (
    select name_key, min(name) as name, min(name_en) as name_en from mention where uscc is null group by name_key
),

judged as (
    select
        named.*,
        bearer.uscc,
        case
            when bearer.n_bearers is null then 'name_only'
            when bearer.n_bearers > 1 then 'ambiguous'
            when bearer.name_kind = 'legal' then 'legal_name'
            else 'former_name'
        end as method
    from named
    left join bearer using (name_key)
)

select
    * exclude (uscc),
    if(method in ('legal_name', 'former_name'), 'USCC:' || uscc, 'NAME:' || name_key) as enterprise_id,
    key_of(enterprise_id) as enterprise_key
from judged;

create table star.dim_industry as
with sections as (
    select *
    from read_csv(
        getvariable('seeds') || '/industry_sections.csv', types = {'first_division': 'varchar', 'last_division': 'varchar'}
    )
),

listed as (
    select code, name, regexp_extract(parentId, '^([A-T]|\d{2,3})$', 1) as parent_code
    from raw_industry
    where file_no = (select max(file_no) from raw_industry) and regexp_full_match(code, '[A-T]|\d{2,4}') and name <> ''
    qualify row_number() over (partition by code order by record_no) = 1
),

packaged as (
    select section_code as code, name_zh as name, null as parent_code from sections
    union all
    select division_code, divisions.name_zh, section_code
    from read_csv(getvariable('seeds') || '/industry_divisions.csv', types = {'division_code': 'varchar'}) as divisions
    inner join sections on division_code between first_division and last_division
),

known as (
    from listed
    union all
    from packaged
    where code not in (select code from listed)
),

seen as (
    select distinct regexp_replace(industry_code, '^[A-T]', '') as code from enterprise where length(industry_code) >= 3
),

codes as (
    from known
    union all
    select
        code,
        null,
        case
            when length(code) = 4 and left(code, 3) in (select known.code from known) then left(code, 3)
            when left(code, 2) in (select known.code from known) then left(code, 2)
        end
    from seen
    where length(code) in (3, 4) and code not in (select known.code from known)
)

select
    key_of(codes.code) as industry_key,
    codes.code as industry_code,
    codes.name as name_zh,
    sections.name_en,
    ['section', 'division', 'group', 'class'][length(codes.code)] as level,
    if(codes.parent_code <> '', key_of(codes.parent_code), -1) as parent_industry_key,
    coalesce(if(length(codes.code) = 1, codes.code, divisions.parent_code), 'unknown') as section_code
from codes
left join known as divisions on left(codes.code, 2) = divisions.code
left join sections on codes.code = sections.section_code
union all
select -1, 'unknown', '未知', 'Unknown', 'unknown', -1, 'unknown';

create table star.dim_enterprise as
with every as (
    select
        'USCC:' || uscc as enterprise_id,
        uscc,
        name,
        name_en,
        enterprise_type,
        registration_state,
        registered_date,
        region_code,
        extract_date,
        industry_code,
        true as is_registered
    from enterprise
    union all by name
    select 'USCC:' || uscc as enterprise_id, uscc, min(name) as name, min(name_en) as name_en, false as is_registered
    from mention
    where uscc is not null and uscc not in (select uscc from enterprise)
    group by uscc
    union all by name
    select enterprise_id, name, name_en, false as is_registered
    from identity
    where method in ('name_only', 'ambiguous')
)

select
    key_of(every.enterprise_id) as enterprise_key,
    every.enterprise_id,
    every.uscc,
    if(regexp_matches(every.name, '[一-鿿]'), every.name, null) as name_zh,
    if(regexp_matches(every.name, '[一-鿿]'), every.name_en, coalesce(every.name_en, every.name)) as name_en,
    coalesce(at_extract.region_key, latest.region_key, -1) as region_key,
    coalesce(industries.industry_key, -1) as industry_key,
    every.registered_date,
    coalesce(every.registered_date, date '1900-01-01') as valid_from,
    date '9999-12-31' as valid_to,
    true as is_current,
    every.enterprise_type,
    every.registration_state,
    every.is_registered,
    key_of(every.enterprise_id) as durable_enterprise_key,
    1 as version_no,
    true as is_listed
from every
left join region as at_extract
    on
        every.region_code = at_extract.region_code
        and every.extract_date >= at_extract.valid_from
        and every.extract_date < at_extract.valid_to
left join region as latest on every.region_code = latest.region_code and latest.is_latest
left join star.dim_industry as industries
    on regexp_replace(every.industry_code, '^[A-T](.)', '\1') = industries.industry_code
union all
select
    -1, 'unknown', null, '未知', 'Unknown', -1, -1, null, date '1900-01-01', date '9999-12-31', true, null, null, false,
    -1, 1, true;

create table star.bridge_enterprise_name as
select enterprise_key, name_key, name_kind, min(name) as name
from (
    select key_of('USCC:' || uscc) as enterprise_key, name_key, name_kind, name
    from (
        select name_key, uscc, if(bool_or(name_kind = 'legal'), 'legal', 'former') as name_kind, min(name) as name
        from alias
        group by name_key, uscc
    ) as borne
    union all
    select enterprise_key, name_key, 'as_named', name from identity where method in ('name_only', 'ambiguous')
    union all
    select
        if(uscc is not null, key_of('USCC:' || uscc), identity.enterprise_key) as enterprise_key,
        formers.name_key,
        'former',
        former_name
    from decision
    inner join name_key as formers on decision.former_name = formers.name
    inner join name_key as recipients on decision.recipient_name = recipients.name
    left join identity on recipients.name_key = identity.name_key
    where is_enterprise
) as names
group by all;

-- Marks.
create temp table owner_identity as
select
    owner.*,
    coalesce(identity.enterprise_key, -1) as enterprise_key,
    is_current_owner
    and row_number() over (partition by trademark_key order by not is_current_owner, entry_no, owner_no) = 1
        as is_first_owner
from owner
left join name_key on owner.owner_name = name_key.name
left join identity using (name_key);

create table star.bridge_trademark_owner as
select
    trademark_key,
    owner_no,
    enterprise_key,
    owner_name,
    owner_identifier,
    owner_address,
    party_type,
    entry_no,
    country,
    is_current_owner,
    is_first_owner
from owner_identity;

create table star.dim_trademark as
with marks as (
    select
        us_case.trademark_key,
        'US' as office_code,
        serial_number as application_no,
        registration_number as registration_no,
        mark_text,
        filing_date,
        registration_date,
        if(
            statuses.status_group = 'live',
            cast(coalesce(renewal_date, registration_date) + interval 10 year as date),
            null
        ) as expiry_date,
        us_case.status_code,
        coalesce(statuses.status_group, 'unknown') as status_group,
        status_date,
        filing_date_text,
        registration_date_text,
        status_date_text,
        international_registration_no,
        cast(null as boolean) as is_well_known,
        date '9999-12-31' as valid_to,
        file_no,
        record + 1 as record_no
    from us_case
    left join read_csv(getvariable('seeds') || '/uspto_status_codes.csv', types = {'status_code': 'varchar'}) as statuses
        on us_case.status_code = statuses.status_code
    union all
    select
        trademark_key,
        'TW',
        application_no,
        registration_no,
        mark_text,
        filing_date,
        registration_date,
        expiry_date,
        if(getvariable('as_of') < expiry_date, 'registered', 'expired'),
        if(getvariable('as_of') < expiry_date, 'live', 'dead'),
        if(getvariable('as_of') < expiry_date, registration_date, expiry_date),
        cast(filing_date as varchar),
        cast(registration_date as varchar),
        cast(if(getvariable('as_of') < expiry_date, registration_date, expiry_date) as varchar),
        null,
        null,
        date '9999-12-31',
        file_no,
        record + 1
    from tw_mark
    union all
    select
        trademark_key,
        'EM',
        application_no,
        if(registration_date is not null, application_no, null),
        mark_text,
        filing_date,
        registration_date,
        expiry_date,
        coalesce(em_mark.status_code, 'unknown'),
        coalesce(status_group, 'unknown'),
        status_date,
        cast(filing_date as varchar),
        cast(registration_date as varchar),
        cast(status_date as varchar),
        null,
        null,
        coalesce(deleted_date, date '9999-12-31'),
        file_no,
        record + 1
    from em_mark
    left join status on em_mark.status_code = status.status_code and office_code = 'EM'
    union all
    select
        trademark_key,
        'CN',
        application_no,
        if(registration_date is not null or status_group = 'live', application_no, null),
        mark_text,
        filing_date,
        registration_date,
        expiry_date,
        coalesce(status_code, 'unknown'),
        status_group,
        null,
        cast(filing_date as varchar),
        cast(registration_date as varchar),
        null,
        international_registration_no,
        is_well_known,
        date '9999-12-31',
        file_no,
        record_no
    from cn_mark
)

select
    marks.trademark_key,
    office_code,
    application_no,
    registration_no,
    mark_text,
    filing_date,
    registration_date,
    expiry_date,
    status_code,
    status_group,
    status_date,
    coalesce(first_owners.enterprise_key, -1) as owner_enterprise_key,
    coalesce(filing_date, registration_date, date '1900-01-01') as valid_from,
    valid_to,
    valid_to = date '9999-12-31' as is_current,
    filing_date_text,
    registration_date_text,
    status_date_text,
    international_registration_no,
    is_well_known,
    file.delivery_key,
    record_no,
    marks.trademark_key as durable_trademark_key,
    1 as version_no,
    true as is_listed,
    case status_group
        when 'live' then coalesce(registration_date, status_date)
        when 'dead' then coalesce(status_date, least(expiry_date, getvariable('as_of')))
    end as status_since
from marks
inner join file using (file_no)
left join owner_identity as first_owners
    on marks.trademark_key = first_owners.trademark_key and first_owners.is_first_owner
union all
select
    -1, 'unknown', 'unknown', null, null, null, null, null, 'unknown', 'unknown', null, -1, date '1900-01-01',
    date '9999-12-31', true, null, null, null, null, null, -1, null, -1, 1, true, null;

create table star.bridge_trademark_class as
with us as (
    select
        us_case.trademark_key,
        international_code as class_code,
        max(part.status_code) over classification as class_status_code,
        us_day(max(first_use_anywhere_date) over classification) as first_use_date
    from raw_class_part as part
    inner join us_case on part.file_no = us_case.file_no and part."<record>" = us_case.record
    window classification as (partition by part.file_no, part."<record>", part."<classification>")
),

classes as (
    select trademark_key, class_code, min(class_status_code) as class_status_code, min(first_use_date) as first_use_date
    from (
        select * from us where class_code is not null
        union all
        select tw_mark.trademark_key, "Class", null, null
        from raw_registration_part as part
        inner join tw_mark on part.file_no = tw_mark.file_no and part."<record>" = tw_mark.record
        where "Class" is not null
        union all
        select em_mark.trademark_key, trim(ClassNumber), null, null
        from raw_em_class as part
        inner join em_mark on part.file_no = em_mark.file_no and part."<record>" = em_mark.record
        union all
        select trademark_key, class_code, status_code, null from cn_class
    ) as printed
    where trim(replace(class_code, '　', '')) <> ''
    group by all
)

select
    trademark_key,
    if(try_cast(class_code as bigint) between 1 and 45, cast(class_code as bigint), -1) as nice_class_key,
    class_code,
    class_status_code,
    first_use_date
from classes;

-- Valid marks at the end of each of the last 36 months, where their owner is, once a mark and once a class.
create table star.fct_trademark_stock as
with lives as (
    select
        trademark_key,
        office_code,
        owners.region_key,
        if(status_group = 'live', greatest(marks.valid_from, coalesce(status_since, marks.valid_from)), registration_date)
            as live_from,
        if(status_group = 'live', marks.valid_to, status_since) as live_to
    from star.dim_trademark as marks
    inner join star.dim_enterprise as owners on marks.owner_enterprise_key = owners.enterprise_key
    where status_group = 'live' or (status_group = 'dead' and registration_date < status_since)
),

classes as (
    select
        trademark_key,
        nice_class_key,
        row_number() over (
            partition by trademark_key order by nice_class_key = -1, nice_class_key
        ) = 1 as is_first
    from (select distinct trademark_key, nice_class_key from star.bridge_trademark_class) as listed
),

ends as (
    select last_day(month) as month_end, least(last_day(month), getvariable('as_of')) as snapshot_date
    from generate_series(
        date_trunc('month', cast(getvariable('as_of') as date)) - interval 35 month,
        cast(getvariable('as_of') as timestamp),
        interval 1 month
    ) as months(month)
),

changes as (
    select
        region_key,
        coalesce(nice_class_key, -1) as nice_class_key,
        office_code,
        unnest([greatest(last_day(live_from), (select min(month_end) from ends)), last_day(live_to)]) as month_end,
        unnest([1, -1]) as n,
        coalesce(is_first, true) as is_first
    from lives
    left join classes using (trademark_key)
    where live_from < live_to and live_from <= getvariable('as_of') and last_day(live_to) >= (select min(month_end) from ends)
),

monthly as (
    select region_key, nice_class_key, office_code, month_end, sum(n) as n_classes, sum(if(is_first, n, 0)) as n_marks
    from changes
    group by all
),

running as (
    select
        cells.*,
        ends.*,
        sum(n_marks) over cell as marks_then,
        sum(n_classes) over cell as classes_then
    from (select distinct region_key, nice_class_key, office_code from monthly) as cells
    cross join ends
    left join monthly using (region_key, nice_class_key, office_code, month_end)
    window cell as (
        partition by cells.region_key, cells.nice_class_key, cells.office_code order by ends.month_end
    )
)

select
    strftime(month_end, '%Y-%m') as period,
    snapshot_date,
    date_key(snapshot_date) as snapshot_date_key,
    region_key,
    nice_class_key,
    office_code,
    marks_then as n_marks,
    classes_then as n_mark_classes
from running
where classes_then > 0;

create table star.fct_trademark_event as
select
    us_case.trademark_key,
    events."<item>" + 1 as event_no,
    us_day(date) as event_date,
    date_key(us_day(date)) as event_date_key,
    code as event_code,
    type as event_type,
    description_text as event_text,
    if(us_day(date) is null, us_text(date), null) as event_date_text
from raw_event as events
inner join us_case on events.file_no = us_case.file_no and events."<record>" = us_case.record
union all
select trademark_key, 1, registration_date, date_key(registration_date), 'REGISTERED', 'R', '注册公告', null
from tw_mark
union all
select
    trademark_key,
    "<item>" + 1,
    cast(PublicationDate as date),
    date_key(cast(PublicationDate as date)),
    PublicationSection,
    'P',
    'Published in bulletin ' || PublicationIdentifier,
    null
from raw_em_publication as part
inner join em_mark on part.file_no = em_mark.file_no and part."<record>" = em_mark.record
union all
select
    trademark_key,
    100001 + "<item>",
    cast(OppositionDate as date),
    date_key(cast(OppositionDate as date)),
    'OPPOSITION',
    'O',
    concat_ws(': ', OppositionIdentifier, OppositionGroundText),
    null
from raw_em_opposition as part
inner join em_mark on part.file_no = em_mark.file_no and part."<record>" = em_mark.record
union all
select trademark_key, 1, preliminary_date, date_key(preliminary_date), 'PUBLISHED', 'P', '初审公告', null
from cn_mark
where preliminary_date is not null
union all
select trademark_key, 2, registration_date, date_key(registration_date), 'REGISTERED', 'R', '注册公告', null
from cn_mark
where registration_date is not null;

-- Inspections.
create temp table place as
with places as (
    select place from (
        select sampled_address as place from sample
        union
        select producer_address from sample
        union
        select agency from sample
        union
        select region_name from decision
        union
        select regexp_replace(地区, '^其中[：:]?', '') from raw_statistic
    ) as texts
    where length(place) >= 2
),

named as (
    select
        region_code,
        level,
        province_code,
        city_code,
        name_zh,
        case level
            when '省级' then regexp_replace(name_zh, '(省|市|壮族自治区|回族自治区|维吾尔自治区|自治区|特别行政区)$', '')
            when '地级' then regexp_replace(name_zh, '(市|地区|盟|自治州)$', '')
        end as short_name
    from region
    where valid_to = date '9999-12-31'
),

in_province as (
    select
        place,
        province_code,
        substr(place, length(if(starts_with(place, name_zh), name_zh, short_name)) + 1) as rest
    from places
    inner join named on named.level = '省级' and starts_with(place, short_name)
),

in_city as (
    select
        place,
        in_province.province_code,
        named.region_code as city_code,
        coalesce(substr(rest, length(if(starts_with(rest, name_zh), name_zh, short_name)) + 1), rest) as rest
    from in_province
    left join named
        on
            named.level = '地级'
            and in_province.province_code = named.province_code
            and starts_with(in_province.rest, named.short_name)
)

select place, arg_max(region_code, coalesce(length(name_zh), 0)) as region_code
from (
    select place, coalesce(named.region_code, in_city.city_code, in_city.province_code) as region_code, name_zh
    from in_city
    left join named
        on
            named.level = '县级'
            and in_city.province_code = named.province_code
            and in_city.city_code is not distinct from named.city_code
            and starts_with(in_city.rest, named.name_zh)
) as found
group by place;

create temp table mark_of_owner as
with borne as (
    select
        enterprise_key,
        mark_text,
        office_code = 'CN' as is_domestic,
        min(trademark_key) as trademark_key,
        count(*) as n_marks
    from owner_identity
    inner join star.dim_trademark as marks using (trademark_key)
    where
        is_first_owner
        and mark_text is not null
        and (office_code in ('US', 'TW') or office_code = 'CN' and status_group = 'live')
        and enterprise_key in (
            select identity.enterprise_key
            from sample
            inner join name_key on sample.producer_name = name_key.name
            inner join identity using (name_key)
            where brand_text is not null
        )
    group by all
)

select enterprise_key, mark_text, arg_max(trademark_key, is_domestic) as trademark_key
from borne
group by all
having arg_max(n_marks, is_domestic) = 1;

create table star.fct_inspection as
with one as (
    select
        * exclude (is_recheck),
        bool_or(result = 'fail') over (partition by inspection_key) as has_failed,
        bool_or(is_recheck) over (partition by inspection_key) as is_recheck
    from sample
    qualify row_number() over (partition by inspection_key order by file_no, record_no) = 1
),

samples as (
    select
        one.*,
        producers.enterprise_key as producer_key,
        coalesce(sampled_places.region_code, producer_places.region_code, agency_places.region_code) as region_code
    from one
    left join name_key as producer_keys on one.producer_name = producer_keys.name
    left join identity as producers on producer_keys.name_key = producers.name_key
    left join place as sampled_places on one.sampled_address = sampled_places.place
    left join place as producer_places on one.producer_address = producer_places.place
    left join place as agency_places on one.agency = agency_places.place
)

select
    samples.inspection_key,
    samples.source_id,
    sample_no,
    notice_no,
    notice_date,
    coalesce(producer_key, -1) as producer_enterprise_key,
    coalesce(sampled.enterprise_key, -1) as sampled_enterprise_key,
    product_name,
    brand_text,
    coalesce(mark_of_owner.trademark_key, -1) as trademark_key,
    if(category_name is null, -1, key_of(samples.source_id || '|' || category_name)) as product_category_key,
    if(has_failed, 'fail', 'pass') as result,
    is_recheck,
    coalesce(at_notice.region_key, latest.region_key, -1) as region_key,
    file.delivery_key,
    record_no,
    coalesce(commissioners.enterprise_key, -1) as commissioner_enterprise_key,
    date_key(notice_date) as notice_date_key,
    agency,
    spec,
    production_date,
    last_production_date,
    null as origin_country
from samples
inner join file using (file_no)
left join name_key as sampled_keys on samples.sampled_name = sampled_keys.name
left join identity as sampled on sampled_keys.name_key = sampled.name_key
left join name_key as commissioner_keys on samples.commissioner_name = commissioner_keys.name
left join identity as commissioners on commissioner_keys.name_key = commissioners.name_key
left join mark_of_owner
    on samples.producer_key = mark_of_owner.enterprise_key and samples.brand_text = mark_of_owner.mark_text
left join region as at_notice
    on
        samples.region_code = at_notice.region_code
        and notice_date >= at_notice.valid_from
        and notice_date < at_notice.valid_to
left join region as latest on samples.region_code = latest.region_code and latest.is_latest
union all
select
    inspection_key, 'rasff', notification_no, notification_no, notified_date, -1, -1, product_name, null, -1,
    if(product_category is null, -1, key_of('rasff|' || product_category)), 'fail', false, -1, delivery_key, record_no,
    -1, date_key(notified_date), notifying_country, null, null, null, origin_country
from notification
inner join file using (file_no)
union all
select
    inspection_key, 'fda_enforcement', recall_no, recall_no, report_date, -1, -1, product_description, null, -1,
    key_of('fda_enforcement|' || product_type), 'fail', false, -1, delivery_key, record_no,
    -1, date_key(report_date), 'US FDA', null, null, null, null
from recall
inner join file using (file_no);

create table star.bridge_inspection_party as
select distinct
    parties.inspection_key,
    parties.role,
    parties.party_name,
    coalesce(identity.enterprise_key, -1) as enterprise_key
from (
    select inspection_key, 'producer' as role, producer_name as party_name from sample where roles is not null
    union
    select inspection_key, 'commissioner', commissioner_name from sample where roles is not null
) as parties
left join name_key on parties.party_name = name_key.name
left join identity using (name_key)
where party_name <> '';

create table star.fct_inspection_finding as
with cells as (
    select inspection_key, file_no, record_no, unnest(string_split(failed_items, '；')) as cell
    from sample
    where failed_items is not null
),

findings as (
    select
        inspection_key,
        file_no,
        record_no,
        split_part(cell, '║', 1) as item_name,
        split_part(cell, '║', 2) as result_text,
        split_part(cell, '║', 3) as limit_text,
        null as hazard_category,
        null as hazard_class
    from cells
    union all
    select inspection_key, file_no, record_no, item_name, item_result, item_limit, null, null
    from sample
    where item_name <> ''
    union all
    select
        inspection_key,
        file_no,
        record_no,
        trim(unnest(string_split(hazards, ';'))),
        null,
        null,
        trim(unnest(string_split(hazard_categories, ';'))),
        null
    from notification
    where hazards <> '' or hazard_categories <> ''
    union all
    select inspection_key, file_no, record_no, recall_reason, null, null, null, hazard_class from recall
),

texts as (
    select distinct
        result_text,
        limit_text,
        list_transform(string_split(result_text, ','), lambda t: quantity(t)) as parts,
        if(list_contains(list_transform(parts, lambda q: q.base), ''), null, parts) as results,
        quantity(limit_text) as bound,
        regexp_extract(limit_text, '^([\d.]+)(±|～|~)([\d.]+)(.*)$', ['low', 'sign', 'high', 'unit']) as bounds,
        regexp_extract(
            limit_text, '^n=(\d+),c=(\d+),m=(?:10\^)?(\d+),M=(?:10\^)?(\d+)', ['n', 'c', 'low', 'high']
        ) as plan,
        contains(limit_text, 'm=10^') as has_powers
    from findings
    where result_text is not null or limit_text is not null
),

measured as (
    select
        result_text,
        limit_text,
        if(len(results) = 1, nullif(results[1].comparator, ''), null) as result_comparator,
        if(len(results) = 1, amount(results[1]), null) as result_value,
        nullif(results[1].unit, '') as result_unit,
        list_max(list_transform(results, lambda q: amount(q))) as result_max,
        len(results) as n_results,
        if(
            len(results) > 1,
            array_to_string(list_transform(results, lambda q: printf('%.15g', amount(q))), ';'),
            null
        ) as result_values,
        case
            when plan.n <> '' then 'plan'
            when bounds.sign <> '' then 'range'
            when regexp_matches(limit_text, '^不得(使用|添加)') then 'not_permitted'
            when regexp_matches(limit_text, '^不得检出') then 'not_detected'
            else nullif(bound.comparator, '')
        end as limit_comparator,
        case bounds.sign
            when '±' then try_cast(bounds.low as decimal(18, 6)) - try_cast(bounds.high as decimal(18, 6))
            else coalesce(try_cast(bounds.low as double), amount(bound))
        end as limit_value,
        case bounds.sign
            when '±' then try_cast(bounds.low as decimal(18, 6)) + try_cast(bounds.high as decimal(18, 6))
            else try_cast(bounds.high as double)
        end as limit_value_to,
        coalesce(nullif(bounds.unit, ''), nullif(bound.unit, '')) as limit_unit,
        try_cast(plan.n as bigint) as plan_n,
        try_cast(plan.c as bigint) as plan_c,
        if(has_powers, 10 ^ try_cast(plan.low as double), try_cast(plan.low as double)) as plan_m_low,
        if(has_powers, 10 ^ try_cast(plan.high as double), try_cast(plan.high as double)) as plan_m_high,
        coalesce(regexp_matches(result_text, '[×xX*]10\d'), false) as is_exponent_restored
    from texts
)

select
    inspection_key,
    row_number() over (partition by inspection_key order by file_no, record_no) as finding_no,
    item_name,
    findings.result_text,
    result_comparator,
    result_value,
    result_unit,
    result_max,
    n_results,
    result_values,
    findings.limit_text,
    limit_comparator,
    limit_value,
    limit_value_to,
    limit_unit,
    plan_n,
    plan_c,
    plan_m_low,
    plan_m_high,
    coalesce(is_exponent_restored, false) as is_exponent_restored,
    hazard_category,
    hazard_class
from findings
left join measured
    on
        findings.result_text is not distinct from measured.result_text
        and findings.limit_text is not distinct from measured.limit_text;

create table star.dim_product_category as
select
    key_of(source_id || '|' || category_name) as product_category_key,
    source_id,
    category_name,
    if(source_id in ('rasff', 'fda_enforcement'), null, category_name) as name_zh,
    if(source_id in ('rasff', 'fda_enforcement'), category_name, null) as name_en
from (
    select source_id, category_name from sample
    union
    select 'rasff', product_category from notification
    union
    select 'fda_enforcement', product_type from recall
) as categories
where category_name is not null
union all
select -1, 'unknown', '未知', '未知', 'Unknown';

-- Recognitions.
create temp table scheme as
with listed as (
    select
        *,
        regexp_replace(name_zh, '[\s“”"''‘’《》「」]', '', 'g') as scheme_text
    from read_csv(
        getvariable('seeds') || '/recognition_schemes.csv',
        types = {
            'ladder': 'varchar',
            'rung': 'double',
            'valid_from': 'date',
            'valid_to': 'date',
            'successor_scheme_id': 'varchar',
            'validity_years': 'integer'
        }
    )
)
select * from listed
union all by name
select distinct
    scheme_name as scheme_id,
    scheme_name as name_zh,
    first(level_name) over (partition by scheme_name) as level,
    scheme_name as scheme_text
from decision
where
    scheme_name not in (select scheme_text from listed)
    and scheme_name not in (select alias_zh from read_csv(getvariable('seeds') || '/recognition_scheme_aliases.csv'));

create table star.dim_recognition_scheme as
select
    key_of(scheme_id) as scheme_key,
    scheme_id,
    name_zh,
    name_en,
    level,
    ladder,
    rung,
    coalesce(valid_from, date '1900-01-01') as valid_from,
    coalesce(valid_to, date '9999-12-31') as valid_to,
    successor_scheme_id,
    validity_years
from scheme
union all
select -1, 'unknown', '未知', 'Unknown', null, null, null, date '1900-01-01', date '9999-12-31', null, null;

create temp table gi as
select
    raw_gi.*,
    scheme_id,
    key_of(scheme_id || '||G' || giIdentifier || '|') as recognition_key,
    protectedNames[1] as gi_name
from raw_gi
inner join read_csv(getvariable('seeds') || '/eu_gi_schemes.csv') as schemes on raw_gi.giType = schemes.gi_type
where giIdentifier <> '' and protectedNames[1] <> ''
qualify row_number() over (partition by giIdentifier order by modificationDate desc, file_no desc, record_no desc) = 1;

create temp table event as
with words as (
    select event_name, arg_max(event_type, priority) as event_type
    from (select distinct event_name from decision) as events
    inner join read_csv(getvariable('seeds') || '/recognition_event_words.csv') as words on contains(event_name, word)
    group by event_name
),

identified as (
    select
        decision.*,
        coalesce(words.event_type, 'unknown') as event_type,
        coalesce(scheme.scheme_id, aliases.scheme_id, scheme_name) as scheme_id,
        case
            when not is_enterprise then -1
            when uscc is not null then key_of('USCC:' || uscc)
            else coalesce(identity.enterprise_key, -1)
        end as enterprise_key,
        recipients.name_key as recipient_key
    from decision
    left join words using (event_name)
    left join scheme on decision.scheme_name = scheme.scheme_text
    left join read_csv(getvariable('seeds') || '/recognition_scheme_aliases.csv', types = {'level': 'varchar'}) as aliases
        on decision.scheme_name = aliases.alias_zh and (aliases.level is null or aliases.level = decision.level_name)
    inner join name_key as recipients on decision.recipient_name = recipients.name
    left join identity on recipients.name_key = identity.name_key
),

gi_events as (
    select *, 'nominate' as event_type, euProtectionDate as decided_date
    from gi
    where status in ('applied', 'published')
    union all
    select *, 'grant', euProtectionDate from gi where status in ('registered', 'cancelled')
    union all
    select *, if(status = 'cancelled', 'revoke', 'remove'), null from gi where status = 'cancelled' or removedFlag
),

types as (
    from read_csv(getvariable('seeds') || '/recognition_event_types.csv', types = {'state': 'varchar'})
)

select
    identified.*,
    types.state,
    types.life_cycle_rank,
    'recognition_list' as source_id,
    key_of(
        concat_ws(
            '|', scheme_name, edition, event_name, level_name, decided_date_text, recipient_name_as_printed, object_name, uscc
        )
    ) as recognition_event_key,
    key_of(
        concat_ws(
            '|',
            scheme_id,
            coalesce(edition, ''),
            if(enterprise_key = -1, 'N' || recipient_key, 'E' || enterprise_key),
            coalesce(object_name, '')
        )
    ) as recognition_key,
    cast(rpad(decided_date_text, 10, '-01') as date) as earliest_day,
    if(length(decided_date_text) = 4, decided_date_text || '-12', left(decided_date_text, 7)) as decided_month,
    place.region_code
from identified
inner join types using (event_type)
left join place on identified.region_name = place.place
union all by name
select
    'eambrosia_gi' as source_id,
    key_of('eambrosia_gi|' || giIdentifier || '|' || event_type) as recognition_event_key,
    recognition_key,
    scheme_id,
    -1 as enterprise_key,
    event_type,
    status as event_name,
    life_cycle_rank,
    state,
    decided_date,
    cast(decided_date as varchar) as decided_date_text,
    coalesce(decided_date, getvariable('as_of')) as earliest_day,
    strftime(decided_date, '%Y-%m') as decided_month,
    gi_name as recipient_name,
    gi_name as recipient_name_as_printed,
    '地理标志' as recipient_kind,
    gi_name as object_name,
    array_to_string(countries, ', ') as origin_country,
    coalesce(legalInstrument.text, fileNumber) as document_no,
    file_no,
    record_no
from gi_events
inner join types using (event_type);

create table star.fct_recognition_event as
select
    recognition_event_key,
    recognition_key,
    key_of(scheme_id) as scheme_key,
    enterprise_key,
    event_type,
    event_name,
    decided_date,
    date_key(decided_date) as decided_date_key,
    decided_date_text,
    edition,
    level_name as level,
    recipient_name,
    recipient_name_as_printed,
    recipient_kind,
    object_name,
    coalesce(at_decision.region_key, latest.region_key, -1) as region_key,
    document_no,
    delivery_key,
    record_no,
    event.source_id
from event
inner join file using (file_no)
left join region as at_decision
    on
        event.region_code = at_decision.region_code
        and earliest_day >= at_decision.valid_from
        and earliest_day < at_decision.valid_to
left join region as latest on event.region_code = latest.region_code and latest.is_latest;

create table star.fct_recognition_state as
with taken as (
    select
        recognition_key,
        recognition_event_key,
        state,
        decided_date_text,
        life_cycle_rank,
        case
            when decided_date_text is not null then earliest_day
            when life_cycle_rank <= 2 then date '1900-01-01'
            else getvariable('as_of')
        end as valid_from,
        case when life_cycle_rank = 2 then cast(decided_date + to_years(validity_years) as date) end as term_day
    from event
    inner join scheme using (scheme_id)
    where life_cycle_rank > 0 and state is not null and earliest_day <= getvariable('as_of')
),

periods as (
    select
        *,
        case when life_cycle_rank in (2, 3, 4) then max(term_day) over so_far end as expires_date,
        coalesce(lead(valid_from) over so_far, date '9999-12-31') as next_from
    from taken
    window so_far as (partition by recognition_key order by valid_from, life_cycle_rank, recognition_event_key)
)

select
    recognition_key,
    state,
    valid_from,
    if(expires_date <= getvariable('as_of'), least(expires_date, next_from), next_from) as valid_to,
    decided_date_text as since_text,
    expires_date,
    recognition_event_key,
    false as is_term_end
from periods
where valid_from < next_from
union all
select
    recognition_key,
    'expired',
    expires_date,
    next_from,
    cast(expires_date as varchar),
    expires_date,
    recognition_event_key,
    true
from periods
where expires_date <= getvariable('as_of') and expires_date < next_from;

create table star.fct_recognition as
with recognitions as (
    select
        recognition_key,
        any_value(scheme_id) as scheme_id,
        any_value(enterprise_key) as enterprise_key,
        arg_min(recipient_name, earliest_day) as recipient_name,
        any_value(object_name) as object_name,
        any_value(edition) as edition,
        any_value(level_name) as level_name,
        any_value(region_code) as region_code,
        any_value(origin_country) as origin_country,
        min(earliest_day) as first_day,
        min(decided_date) filter (where event_type = 'nominate') as nominated_date,
        min(decided_date) filter (where event_type = 'grant') as granted_date,
        min(decided_date_text) filter (where event_type = 'grant') as granted_date_text,
        min(decided_month) filter (where event_type = 'grant') as granted_month,
        bool_or(event_type = 'grant') as is_granted,
        arg_max(state, (earliest_day, life_cycle_rank)) as last_state,
        arg_max(decided_date, (earliest_day, life_cycle_rank)) filter (where life_cycle_rank >= 5) as ended_date,
        arg_max(decided_date_text, (earliest_day, life_cycle_rank)) filter (where life_cycle_rank >= 5) as ended_date_text,
        arg_max(decided_month, (earliest_day, life_cycle_rank)) filter (where life_cycle_rank >= 5) as ended_month,
        count(*) as n_events
    from event
    where life_cycle_rank > 0 and earliest_day <= getvariable('as_of')
    group by recognition_key
),

dated as (
    select
        recognitions.*,
        coalesce(recognitions.level_name, scheme.level) as level,
        cast(granted_date + to_years(scheme.validity_years) as date) as expires_date
    from recognitions
    inner join scheme using (scheme_id)
)

select
    recognition_key,
    key_of(scheme_id) as scheme_key,
    enterprise_key,
    recipient_name,
    object_name,
    edition,
    dated.level,
    granted_date,
    expires_date,
    if(last_state in ('held', 'conditional') and expires_date <= getvariable('as_of'), 'expired', last_state) as state,
    coalesce(at_grant.region_key, latest.region_key, -1) as region_key,
    granted_date_text,
    granted_month,
    is_granted,
    nominated_date,
    coalesce(ended_date, if(expires_date <= getvariable('as_of'), expires_date, null)) as ended_date,
    ended_date_text,
    coalesce(ended_month, if(expires_date <= getvariable('as_of'), strftime(expires_date, '%Y-%m'), null)) as ended_month,
    n_events,
    origin_country
from dated
left join region as at_grant
    on
        dated.region_code = at_grant.region_code
        and first_day >= at_grant.valid_from
        and first_day < at_grant.valid_to
left join region as latest on dated.region_code = latest.region_code and latest.is_latest;

create table star.bridge_recognition_name as
select recognition_key, name_kind, name_no, name, trim(nfc_normalize(name)) as name_norm
from (
    select
        recognition_key,
        'protected' as name_kind,
        generate_subscripts(protectedNames, 1) as name_no,
        unnest(protectedNames) as name
    from gi
    union all
    select recognition_key, 'transcription', generate_subscripts(transcriptions, 1), unnest(transcriptions) from gi
) as names
where recognition_key in (select recognition_key from star.fct_recognition);

-- Reported statistics.
create temp table statistic as
with named as (
    select indicator_text, document_word, indicator_id
    from read_csv(getvariable('seeds') || '/reported_indicator_names.csv')
    union
    select name_zh, null, indicator_id from read_csv(getvariable('seeds') || '/indicators.csv')
    union
    select name_zh, null, indicator_id from read_csv(getvariable('seeds') || '/reported_indicators.csv')
),

printed as (
    select
        file_no,
        record_no,
        指标 as indicator_text,
        regexp_replace(地区, '^其中[：:]?', '') as region_name,
        starts_with(地区, '其中') as says_of_which,
        regexp_replace(region_name, '^(合计|总计|全国)$', '全国') = '全国' as is_total,
        行政区划代码 as stated_code,
        文件 as document_name,
        any_day(发布日期) as reported_date,
        regexp_replace(regexp_replace(时期, '^(\d{4})年(\d)月$', '\1-0\2'), '^(\d{4})年(\d\d)月$', '\1-\2') as period,
        数值 as printed_value,
        regexp_extract(replace(数值, ',', ''), '^([\d.]+)(万|亿)?(.*)$', ['number', 'scale', 'unit']) as amount,
        regexp_extract(单位, '^(万|亿)?(.*)$', ['scale', 'unit']) as stated
    from raw_statistic
    where 地区 <> '' and (行政区划代码 is null or regexp_full_match(行政区划代码, '\d{6}'))
),

placed as (
    select
        printed.*,
        coalesce(stated_code, place.region_code, cities.region_code, if(is_total, '100000', null)) as region_code
    from printed
    left join place on printed.region_name = place.place
    left join region as cities
        on printed.region_name = cities.name_zh and cities.level = '地级' and cities.valid_to = date '9999-12-31'
)

select
    placed.* exclude (region_code),
    region.region_code,
    region.province_code,
    region.city_code,
    coalesce(named.indicator_id, placed.indicator_text) as indicator_id,
    coalesce(region.region_code, region_name) as region_identity,
    cast(amount.number as double)
    * case coalesce(nullif(amount.scale, ''), stated.scale) when '万' then 10000 when '亿' then 100000000 else 1 end
        as value,
    coalesce(nullif(amount.unit, ''), nullif(stated.unit, '')) as unit,
    last_day(cast(if(length(period) = 4, period || '-12', period) || '-01' as date)) as period_end
from placed
left join named
    on
        lower(placed.indicator_text) = lower(named.indicator_text)
        and (document_word is null or contains(lower(document_name), document_word))
left join region on placed.region_code = region.region_code and region.is_latest
where amount.number <> ''
qualify row_number() over (
    partition by coalesce(named.indicator_id, placed.indicator_text), region_identity, period, document_name
    order by reported_date desc nulls last, file_no desc, record_no desc
) = 1;

-- Plans and their targets.
create table star.dim_indicator as
select
    key_of(indicator_id) as indicator_key,
    indicator_id,
    name_zh,
    name_en,
    unit,
    measure,
    computed_from,
    actual_method,
    office_code,
    pace,
    on_track_min_share
from read_csv(
    getvariable('seeds') || '/indicators.csv',
    types = {'unit': 'varchar', 'office_code': 'varchar', 'on_track_min_share': 'double'}
)
union all
select
    key_of(indicator_id), indicator_id, name_zh, name_en, unit, measure, 'reported', 'not_computed', null, 'none', null
from read_csv(getvariable('seeds') || '/reported_indicators.csv')
union all
select -1, 'unknown', '未知', 'Unknown', null, 'unknown', 'unknown', 'not_computed', null, 'none', null;

-- An indicator that no list knows is kept under its own name.
insert into star.dim_indicator
select distinct
    key_of(indicator_id), indicator_id, indicator_id, indicator_id, null, 'reported', 'reported', 'not_computed', null,
    'none', null
from statistic
where indicator_id not in (select indicators.indicator_id from star.dim_indicator as indicators);

create table star.fct_indicator_value as
select
    key_of(concat_ws('|', indicator_id, region_identity, period, document_name)) as indicator_value_key,
    indicators.indicator_key,
    coalesce(at_period.region_key, latest.region_key, -1) as region_key,
    region_name,
    period,
    period_end as period_end_date,
    date_key(period_end) as period_end_date_key,
    value,
    coalesce(statistic.unit, indicators.unit) as unit,
    printed_value,
    says_of_which or exists (
        from statistic as wholes
        where
            wholes.indicator_id = statistic.indicator_id
            and wholes.document_name = statistic.document_name
            and wholes.period = statistic.period
            and wholes.region_code <> statistic.region_code
            and wholes.region_code in (statistic.province_code, statistic.city_code)
    ) as is_of_which,
    document_name as source_document,
    reported_date,
    delivery_key,
    record_no
from statistic
inner join star.dim_indicator as indicators using (indicator_id)
inner join file using (file_no)
left join region as at_period
    on
        statistic.region_code = at_period.region_code
        and period_end >= at_period.valid_from
        and period_end < at_period.valid_to
left join region as latest on statistic.region_code = latest.region_code and latest.is_latest;

create table star.bridge_indicator_scheme as
select key_of(indicator_id) as indicator_key, key_of(scheme_id) as scheme_key
from read_csv(getvariable('seeds') || '/indicator_schemes.csv');

create table star.dim_policy_plan as
select
    key_of(plan_id) as plan_key,
    plan_id,
    plans.name_zh,
    name_en,
    document_no as source_document,
    issuer,
    coalesce(region.region_key, -1) as region_key,
    plans.valid_from,
    due_date,
    plan_state
from read_csv(
    getvariable('seeds') || '/policy_plans.csv',
    types = {'document_no': 'varchar', 'region_code': 'varchar', 'valid_from': 'date', 'due_date': 'date'}
) as plans
left join region on plans.region_code = region.region_code and region.is_latest
union all
select -1, 'unknown', '未知', 'Unknown', null, null, -1, date '1900-01-01', date '9999-12-31', 'unknown';

create table star.fct_policy_target as
select
    key_of(plan_id || '|' || indicator_id) as policy_target_key,
    key_of(plan_id) as plan_key,
    key_of(indicator_id) as indicator_key,
    coalesce(region.region_key, -1) as region_key,
    targets.name_zh,
    name_en,
    comparator,
    target as target_value,
    target_high as target_high_value,
    unit,
    make_date(due, 12, 31) as due_date,
    date_key(make_date(due, 12, 31)) as due_date_key,
    quote as source_quote
from read_csv(
    getvariable('seeds') || '/policy_targets.csv',
    types = {
        'target': 'double',
        'target_high': 'double',
        'due': 'bigint',
        'region_code': 'varchar',
        'comparator': 'varchar',
        'unit': 'varchar'
    }
) as targets
left join region on targets.region_code = region.region_code and region.is_latest;

create temp macro within(code, level, region_code, city_code, province_code) as
    case level
        when '国家' then true
        when '省级' then province_code = code
        when '地级' then city_code = code
        else region_code = code
    end;

create table star.fct_target_actual as
with targets as (
    select
        policy_target_key,
        indicator_key,
        region_code,
        regions.level,
        economic_zone,
        measure,
        actual_method,
        indicators.office_code,
        policy_targets.unit,
        plans.valid_from,
        policy_targets.due_date,
        year(least(getvariable('as_of'), policy_targets.due_date)) as measured_year
    from star.fct_policy_target as policy_targets
    inner join star.dim_policy_plan as plans using (plan_key)
    inner join star.dim_indicator as indicators using (indicator_key)
    inner join star.dim_region as regions on policy_targets.region_key = regions.region_key
),

held as (
    select
        policy_target_key,
        count(*) filter (where state in ('held', 'conditional')) as n_held,
        count(*) filter (where is_granted or state in ('held', 'conditional')) as n_granted,
        count(*) filter (where is_granted and left(granted_month, 4) = cast(measured_year as varchar)) as n_in_year
    from targets
    inner join star.bridge_indicator_scheme using (indicator_key)
    inner join star.fct_recognition as recognitions using (scheme_key)
    inner join star.dim_region as r on recognitions.region_key = r.region_key
    where within(targets.region_code, targets.level, r.region_code, r.city_code, r.province_code)
    group by all
),

live as (
    select
        policy_target_key,
        count(*) filter (where within(targets.region_code, targets.level, r.region_code, r.city_code, r.province_code))
            as n_live
    from targets
    inner join star.dim_trademark as marks on targets.office_code = marks.office_code
    inner join star.dim_enterprise as owners on marks.owner_enterprise_key = owners.enterprise_key
    inner join star.dim_region as r on owners.region_key = r.region_key
    where status_group = 'live' and actual_method = 'live_marks'
    group by all
),

provinces as (
    select province_code, economic_zone, count(*) as n_samples, count(*) filter (where result = 'pass') as n_pass
    from star.fct_inspection
    inner join star.dim_region using (region_key)
    where
        source_id not in ('rasff', 'fda_enforcement')
        and notice_date > getvariable('as_of') - interval 1 year
        and notice_date <= getvariable('as_of')
    group by all
),

ranked as (
    select
        province_code,
        n_pass / n_samples as pass_rate,
        rank() over (partition by economic_zone order by n_pass / n_samples desc) as zone_rank,
        count(*) over (partition by economic_zone) as n_in_zone
    from provinces
    where n_pass > 0 and province_code is not null
),

reported as (
    select
        policy_target_key,
        arg_max(stated.value, (period_end_date, coalesce(reported_date, date '0001-01-01'))) as value
    from targets
    inner join star.fct_indicator_value as stated using (indicator_key)
    inner join star.dim_region as r on stated.region_key = r.region_key and targets.region_code = r.region_code
    where
        period_end_date between targets.valid_from and least(getvariable('as_of'), due_date)
        and (stated.unit = targets.unit or stated.unit is null)
    group by policy_target_key
),

computed as (
    select
        targets.*,
        case actual_method
            when 'recognitions_held' then cast(n_held as double)
            when 'recognitions_granted' then n_granted
            when 'recognitions_granted_in_year' then n_in_year
            when 'live_marks' then n_live
            when 'pass_rate_vs_nation'
                then (ranked.pass_rate - (select sum(n_pass) / sum(n_samples) from provinces)) * 100
            when 'pass_rate_rank_in_zone' then if(n_in_zone > 1, zone_rank, null)
        end as computed_value
    from targets
    left join held using (policy_target_key)
    left join live using (policy_target_key)
    left join ranked on targets.region_code = ranked.province_code
),

measured as (
    select computed.*, coalesce(computed_value, reported.value) as actual_value
    from computed
    left join reported using (policy_target_key)
)

select
    policy_target_key,
    getvariable('as_of') as as_of_date,
    actual_value,
    measured_year,
    case
        when computed_value is not null then 'computed'
        when actual_value is not null then 'reported'
        when measure = 'qualitative' then 'qualitative'
        when actual_method like 'recognitions%' then 'no_decision'
        when actual_method like 'pass_rate%' then 'no_samples'
        when actual_method = 'live_marks' then 'no_register'
        else 'not_reported'
    end as reason_code
from measured;

-- Marts.
create temp table region_level as
select region_key, '国家' as region_level, '100000' as region_code from star.dim_region
union all
select region_key, '省级', province_code from star.dim_region where province_code is not null
union all
select region_key, '地级', city_code from star.dim_region where city_code is not null
union all
select region_key, '县级', region_code from star.dim_region where level = '县级';

create table marts.quality_bulletin as
with cells as (
    select
        region_level.region_code,
        region_level,
        category_name,
        coalesce(strftime(notice_date, '%Y-%m'), 'unknown') as period,
        count(*) as n,
        count(*) filter (where result = 'fail') as n_fail
    from star.fct_inspection
    inner join star.dim_product_category using (product_category_key)
    inner join region_level using (region_key)
    where star.fct_inspection.source_id not in ('rasff', 'fda_enforcement')
    group by all
),

rated as (
    select *, 1 - n_fail / n as p, 1.959963984540054 as z from cells
)

select
    region_code,
    category_name,
    period,
    n as n_samples,
    n_fail,
    p as pass_rate,
    greatest(0, (p + z * z / 2 / n - z * sqrt(p * (1 - p) / n + z * z / 4 / n / n)) / (1 + z * z / n)) as ci_low,
    least(1, (p + z * z / 2 / n + z * sqrt(p * (1 - p) / n + z * z / 4 / n / n)) / (1 + z * z / n)) as ci_high,
    region_level,
    n_fail < n as has_passing_samples
from rated;

create table marts.brand_monitor as
with industry_level as (
    select industry_key, section_code as industry_code from star.dim_industry
    union
    select industry_key, left(industry_code, 2) from star.dim_industry where level in ('division', 'group', 'class')
    union
    select below.industry_key, groups.industry_code
    from star.dim_industry as below
    inner join star.dim_industry as groups on groups.level = 'group' and left(below.industry_code, 3) = groups.industry_code
    union
    select industry_key, industry_code from star.dim_industry where level = 'class'
),

held as (
    select
        region_level.region_code,
        region_level,
        industry_level.industry_code,
        scheme_id,
        if(
            state in ('removed', 'revoked', 'expired'),
            coalesce(recognitions.ended_month, strftime(getvariable('as_of'), '%Y-%m')),
            null
        ) as lost_month,
        if(
            granted_month > coalesce(lost_month, strftime(getvariable('as_of'), '%Y-%m')),
            coalesce(lost_month, strftime(getvariable('as_of'), '%Y-%m')),
            granted_month
        ) as gained_month
    from star.fct_recognition as recognitions
    inner join star.dim_recognition_scheme using (scheme_key)
    inner join star.dim_enterprise as enterprises using (enterprise_key)
    inner join industry_level using (industry_key)
    inner join region_level on recognitions.region_key = region_level.region_key
    where state <> 'nominated' and coalesce(origin_country, 'CN') = 'CN'
),

movements as (
    select region_code, region_level, industry_code, scheme_id, period, sum(gained) as n_gained, sum(lost) as n_lost
    from (
        select *, gained_month as period, 1 as gained, 0 as lost from held
        union all
        select *, lost_month, 0, 1 from held where lost_month is not null
    ) as both_ways
    group by all
),

series as (
    select
        region_code,
        region_level,
        industry_code,
        scheme_id,
        coalesce(sum(n_gained) filter (where period is null), 0) as n_opening,
        coalesce(min(period), strftime(getvariable('as_of') - interval 24 month, '%Y-%m')) as first_period
    from movements
    group by all
),

months as (
    select distinct period from star.dim_date where calendar_date <= getvariable('as_of')
)

select
    series.region_code,
    series.industry_code,
    series.scheme_id,
    months.period,
    n_opening + sum(coalesce(n_gained, 0) - coalesce(n_lost, 0)) over (
        partition by series.region_code, series.industry_code, series.scheme_id
        order by months.period
        rows unbounded preceding
    ) as n_held,
    coalesce(n_gained, 0) as n_gained,
    coalesce(n_lost, 0) as n_lost,
    series.region_level
from series
inner join months on series.first_period <= months.period
left join movements
    on
        series.region_code = movements.region_code
        and series.industry_code = movements.industry_code
        and series.scheme_id = movements.scheme_id
        and months.period = movements.period;

create table marts.target_progress as
with targets as (
    select
        plan_id,
        indicator_id,
        targets.name_zh,
        targets.name_en,
        region_code,
        as_of_date,
        actual_value,
        target_value,
        target_high_value,
        targets.unit,
        comparator,
        targets.due_date,
        measure,
        on_track_min_share,
        reason_code,
        measured_year,
        case comparator
            when '>' then actual_value > target_value
            when '=' then actual_value = target_value
            else actual_value >= target_value
        end as is_reached,
        case pace
            when 'plan' then (as_of_date - plans.valid_from) / (targets.due_date - plans.valid_from)
            when 'year' then dayofyear(as_of_date) / 365
        end as elapsed_share,
        source_quote
    from star.fct_policy_target as targets
    inner join star.dim_policy_plan as plans using (plan_key)
    inner join star.dim_indicator using (indicator_key)
    inner join star.dim_region as regions on targets.region_key = regions.region_key
    inner join star.fct_target_actual using (policy_target_key)
)

select
    * exclude (is_reached, elapsed_share, on_track_min_share),
    case
        when comparator = 'between' and actual_value > target_high_value then target_high_value - actual_value
        when comparator = 'between' and actual_value >= target_value then 0
        else target_value - actual_value
    end as gap,
    if(target_value > 0 and measure <> 'rank', actual_value / target_value * 100, null) as achieved_pct,
    case
        when actual_value is null then 'unknown'
        when is_reached then 'met'
        when as_of_date > due_date then 'missed'
        when actual_value >= target_value * least(elapsed_share, 1.0) * on_track_min_share then 'on_track'
        else 'at_risk'
    end as status
from targets;

checkpoint;
