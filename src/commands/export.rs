//! `footlight export focus`: cost and usage in the shape of FOCUS, for the tools that bills go to.

use super::base_tables::{self, Span};
use super::score::overrides;
use super::settings::Settings;
use super::written_rows::{RowOptions, RowWriter};
use super::{Exit, UsageError};
use crate::cli::{ExportArgs, ExportKind, FocusArgs, Global, RowFormat};
use crate::engine::rows::Columns;
use crate::engine::{Engine, Models};
use crate::lake::Lake;
use crate::lake::schema::money;
use crate::output::Printer;
use crate::privacy::Rules;
use crate::report::focus::{Amounts, Charge, Usage, charges};
use crate::results::write_file;
use anyhow::Context;
use arrow::array::{
    ArrayRef, BooleanArray, Decimal128Array, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray,
};
use arrow::datatypes::{Field, Schema, SchemaRef};
use jiff::civil::Date;
use std::sync::Arc;

/// Runs the command.
pub async fn run(args: &ExportArgs, global: &Global, printer: Printer) -> anyhow::Result<Exit> {
    let ExportKind::Focus(args) = &args.what;
    let format = match args.out.extension().and_then(|extension| extension.to_str()) {
        Some("csv") => RowFormat::Csv,
        Some("parquet") => RowFormat::Parquet,
        _ => return Err(UsageError("--out must end in .csv or .parquet".to_owned()).into()),
    };
    let settings = Settings::resolve(global)?;
    let rules = Rules::new(settings.config.privacy.min_people)?;
    let lake = Lake::open(&args.lake)?;
    let engine = Engine::new(&settings.engine_limits())?;
    let base = base_tables::register(&engine, &lake, &settings.config, Span::default()).await?;
    // What several sources saw is charged once.
    engine
        .run_for(&Models::embedded()?, &["int_counted_events"], &overrides(&settings, &base, Span::default())?)
        .await?;
    let charges = charges(&usage(&engine).await?, rules);
    let batch = rows(&charges, args)?;
    let mut bytes = Vec::new();
    let options = RowOptions { csv_raw: args.csv_raw, to_terminal: false };
    let mut writer = RowWriter::new(format, &batch.schema(), &mut bytes, options)?;
    writer.write(&batch)?;
    writer.finish()?;
    write_file(&args.out, &bytes).with_context(|| format!("cannot write {}", args.out.display()))?;
    let pooled = charges.iter().filter(|charge| charge.pooled).count();
    let cost: i64 = charges.iter().filter_map(|charge| charge.amounts.cost_micro_usd).sum();
    let cost = crate::report::quantities::MicroDollars(cost);
    printer.text(&format!(
        "{} charges, {cost} at list prices; {pooled} of them are a month's sum of what fewer than {} people used on a day: {}\n",
        charges.len(),
        settings.config.privacy.min_people,
        args.out.display()
    ))?;
    printer.json(&serde_json::json!({
        "schema_version": 1, "status": Exit::Done.word(), "exit_code": 0, "focus_version": "1.2",
        "rows": charges.len(), "pooled_rows": pooled, "list_cost_micro_usd": cost.0, "output": args.out,
    }))?;
    Ok(Exit::Done)
}

/// Usage by day, provider, model, client and account.
async fn usage(engine: &Engine) -> anyhow::Result<Vec<Usage>> {
    let sql = "select to_char(e.ts, '%Y-%m-%d') as day, coalesce(e.provider, '') as provider, coalesce(e.model, '') as model,
            split_part(coalesce(e.client, ''), '/', 1) as client, coalesce(e.merged_person, i.actor_id, '(unassigned)') as actor,
            coalesce(a.kind, 'person') = 'service' as is_service,
            sum(e.input_tokens) as input_tokens, sum(e.output_tokens) as output_tokens,
            sum(e.cache_read_tokens) as cache_read_tokens, sum(e.cache_write_tokens) as cache_write_tokens,
            sum(e.cost_usd) as cost_usd, count(*) as completions,
            count(*) filter (where coalesce(e.input_tokens, e.output_tokens, e.cache_read_tokens, e.cache_write_tokens) is null)
                as without_usage,
            count(*) filter (where e.cost_usd is null) as without_cost,
            count(*) filter (where e.cost_basis = 'reported') as with_reported_cost
        from int_counted_events as e
        left join identities as i
            on coalesce(e.actor_id, '') = i.actor_raw
            and coalesce(e.os_user, '') = i.os_user
            and e.source_file = i.source_file
        left join actors as a on coalesce(e.merged_person, i.actor_id) = a.actor_id
        where e.kind = 'completion' and e.ts is not null
        group by 1, 2, 3, 4, 5, 6
        order by 1, 2, 3, 4, 5, 6";
    let mut usage = Vec::new();
    for batch in engine.rows(sql).await? {
        let columns = Columns::new(&batch);
        let text = |name: &str| columns.text(name);
        let (day, provider, model) = (text("day")?, text("provider")?, text("model")?);
        let (client, actor, is_service) = (text("client")?, text("actor")?, columns.boolean("is_service")?);
        let long = |name: &str| columns.integer(name);
        let (input, output) = (long("input_tokens")?, long("output_tokens")?);
        let (read, write) = (long("cache_read_tokens")?, long("cache_write_tokens")?);
        let (cost, completions) = (columns.micro_usd("cost_usd")?, long("completions")?);
        let (without_usage, without_cost) = (long("without_usage")?, long("without_cost")?);
        let reported = long("with_reported_cost")?;
        for row in 0..batch.num_rows() {
            usage.push(Usage {
                day: day.required(row)?.parse()?,
                provider: provider.required(row)?,
                model: model.required(row)?,
                client: client.required(row)?,
                actor: actor.required(row)?,
                is_service: is_service.get(row).unwrap_or(false),
                amounts: Amounts {
                    input_tokens: input.get(row),
                    output_tokens: output.get(row),
                    cache_read_tokens: read.get(row),
                    cache_write_tokens: write.get(row),
                    cost_micro_usd: cost.get(row),
                    completions: completions.required(row)?,
                    completions_without_usage: without_usage.required(row)?,
                    completions_without_cost: without_cost.required(row)?,
                    completions_with_reported_cost: reported.required(row)?,
                },
            });
        }
    }
    Ok(usage)
}

/// What all of it is, in the words of FOCUS.
const SERVICE_CATEGORY: &str = "AI and Machine Learning";
const SERVICE_SUBCATEGORY: &str = "Generative AI";

/// Charges as FOCUS columns, those with `x_` being ours.
fn rows(charges: &[Charge], args: &FocusArgs) -> anyhow::Result<RecordBatch> {
    let text = |of: &dyn Fn(&Charge) -> Option<String>| -> ArrayRef {
        Arc::new(charges.iter().map(of).collect::<StringArray>())
    };
    let same = |value: Option<&str>| text(&|_| value.map(str::to_owned));
    let long =
        |of: fn(&Charge) -> Option<i64>| -> ArrayRef { Arc::new(charges.iter().map(of).collect::<Int64Array>()) };
    let day = |of: fn(&Charge) -> Date| -> anyhow::Result<ArrayRef> {
        let moments: Vec<i64> = charges
            .iter()
            .map(|charge| Ok(of(charge).to_zoned(jiff::tz::TimeZone::UTC)?.timestamp().as_microsecond()))
            .collect::<anyhow::Result<_>>()?;
        Ok(Arc::new(TimestampMicrosecondArray::from(moments).with_timezone("UTC")))
    };
    let cost: ArrayRef = Arc::new(
        charges
            .iter()
            .map(|charge| charge.amounts.cost_micro_usd.map(i128::from))
            .collect::<Decimal128Array>()
            .with_data_type(money()),
    );
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("BillingAccountId", same(args.billing_account.as_deref())),
        ("BillingCurrency", same(Some("USD"))),
        ("BillingPeriodEnd", day(|charge| charge.billing_period_end)?),
        ("BillingPeriodStart", day(|charge| charge.billing_period_start)?),
        ("ChargeCategory", same(Some("Usage"))),
        ("ChargeClass", same(None)),
        ("ChargeDescription", text(&|charge| Some(description(charge)))),
        ("ChargeFrequency", same(Some("Usage-Based"))),
        ("ChargePeriodEnd", day(|charge| charge.end)?),
        ("ChargePeriodStart", day(|charge| charge.start)?),
        ("ConsumedQuantity", long(|charge| charge.amounts.tokens())),
        ("ConsumedUnit", text(&|charge| charge.amounts.tokens().map(|_| "Tokens".to_owned()))),
        ("ListCost", cost),
        ("ProviderName", text(&|charge| charge.provider.clone())),
        ("ServiceCategory", same(Some(SERVICE_CATEGORY))),
        ("ServiceName", text(&|charge| charge.client.clone())),
        ("ServiceSubcategory", same(Some(SERVICE_SUBCATEGORY))),
        ("SkuId", text(&|charge| charge.model.clone())),
        ("x_CacheReadTokens", long(|charge| charge.amounts.cache_read_tokens)),
        ("x_CacheWriteTokens", long(|charge| charge.amounts.cache_write_tokens)),
        ("x_Completions", long(|charge| Some(charge.amounts.completions))),
        ("x_CompletionsWithReportedCost", long(|charge| Some(charge.amounts.completions_with_reported_cost))),
        ("x_CompletionsWithoutCost", long(|charge| Some(charge.amounts.completions_without_cost))),
        ("x_CompletionsWithoutUsage", long(|charge| Some(charge.amounts.completions_without_usage))),
        ("x_InputTokens", long(|charge| charge.amounts.input_tokens)),
        ("x_OutputTokens", long(|charge| charge.amounts.output_tokens)),
        ("x_Pooled", Arc::new(charges.iter().map(|charge| Some(charge.pooled)).collect::<BooleanArray>())),
    ];
    let fields: Vec<Field> =
        columns.iter().map(|(name, column)| Field::new(*name, column.data_type().clone(), true)).collect();
    let schema: SchemaRef = Arc::new(Schema::new(fields));
    Ok(RecordBatch::try_new(schema, columns.into_iter().map(|(_, column)| column).collect())?)
}

fn description(charge: &Charge) -> String {
    if charge.pooled && charge.model.is_none() && charge.client.is_none() {
        return "Usage of the month that too few people stand behind to show it by model".to_owned();
    }
    let model = charge.model.as_deref().unwrap_or("a model that the log does not name");
    let client = charge.client.as_deref().map_or_else(String::new, |client| format!(" through {client}"));
    let days = if charge.pooled { " on days when too few people used it to show them" } else { "" };
    format!("Tokens of {model}{client}{days}")
}
