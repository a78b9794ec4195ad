//! The evaluation as text for a terminal: one block a question.

use super::{Estimate, Evaluation, Flagged, PREVALENCE, Ranking};
use std::fmt;

fn number(value: Option<f64>) -> String {
    value.map_or_else(|| "n/a".to_owned(), |value| format!("{value:.3}"))
}

impl fmt::Display for Estimate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.value, self.low, self.high) {
            (Some(value), Some(low), Some(high)) => f.pad(&format!("{value:.3} [{low:.3}, {high:.3}]")),
            (value, _, _) => f.pad(&number(value)),
        }
    }
}

fn rankings(f: &mut fmt::Formatter<'_>, title: &str, rows: &[Ranking]) -> fmt::Result {
    writeln!(f, "\n{title}")?;
    let header = ["AUROC", "AP at 2 %", "recall at 1 % FP", "recall at 0.1 % FP", "product ahead by"];
    write!(f, "  {:24}", "ranked by")?;
    for name in header {
        write!(f, " {name:22}")?;
    }
    writeln!(f, " {:38} at equal recall", "worst look-alike")?;
    for row in rows {
        write!(f, "  {:24}", row.score)?;
        let behind = row.auroc_behind_product;
        for value in [row.auroc, row.average_precision, row.recall_at_1_percent, row.recall_at_01_percent] {
            write!(f, " {value:22}")?;
        }
        if behind.value.is_some() {
            write!(f, " {behind:22}")?
        } else {
            write!(f, " {:22}", "")?
        }
        let worst = &row.worst_look_alike;
        let in_review = format!("{} {}/{}: {}", worst.name, worst.in_review, worst.people, worst.share);
        let equal = &row.worst_at_equal_recall;
        writeln!(f, " {in_review:38} {} {}/{}: {}", equal.name, equal.flagged, equal.people, equal.share)?;
    }
    Ok(())
}

fn groups(f: &mut fmt::Formatter<'_>, title: &str, rows: &[Flagged]) -> fmt::Result {
    writeln!(f, "\n{title}")?;
    for row in rows {
        let dose = row.dose.map_or_else(String::new, |dose| format!("{:.0} %", dose * 100.0));
        writeln!(
            f,
            "  {:24} {dose:5} {:3} people  in review {:3}  {:22}  above 1 % FP {:3}  {}",
            row.name, row.people, row.in_review, row.share, row.above_1_percent, row.above_share
        )?;
    }
    Ok(())
}

fn selective(f: &mut fmt::Formatter<'_>, evaluation: &Evaluation) -> fmt::Result {
    writeln!(f, "\nrisk and coverage: people about whom at least so many signals spoke")?;
    for row in &evaluation.coverage {
        writeln!(
            f,
            "  {:2} signals {:4} people ({:.2}), {:3} theater  AUROC {}  recall {:22}  honest above {}",
            row.signals,
            row.people,
            row.share,
            row.theater,
            number(row.auroc),
            row.recall,
            row.false_alarms
        )?;
    }
    writeln!(
        f,
        "\nweeks of theater until a week of it is found: people within 1, 2, 4, 8 weeks, ever; median of those found"
    )?;
    for row in &evaluation.delays {
        let [one, two, four, eight] = row.within;
        let median = row.median_weeks.map_or_else(|| "n/a".to_owned(), |weeks| weeks.to_string());
        writeln!(
            f,
            "  {:42} {one:3} {two:3} {four:3} {eight:3}  {:3} of {:3}; {median}",
            row.measure, row.ever, row.people
        )?;
    }
    Ok(())
}

impl fmt::Display for Evaluation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let honest = self.people - self.theater;
        writeln!(f, "{} people: {} theater, {honest} honest; intervals are 95 %", self.people, self.theater)?;
        if honest < 1_000 {
            writeln!(
                f,
                "recall at 0.1 % false positives needs 1,000 honest people; here it is recall above all of them"
            )?;
        }
        rankings(f, "all doses", &self.all_doses)?;
        rankings(f, "doses of 20 % and more", &self.doses_from_20_percent)?;
        writeln!(f, "\nband review (average precision assumes {:.0} % theater)", PREVALENCE * 100.0)?;
        writeln!(f, "  people                                   {}", self.in_review)?;
        writeln!(f, "  of them honest (false discoveries)       {}", self.false_discoveries)?;
        writeln!(f, "  of the honest in review                  {}", self.honest_in_review)?;
        writeln!(f, "  person-weeks in review that are honest   {}", self.false_discoveries_of_weeks)?;
        writeln!(f, "  of the injected tokens                   {}", number(self.injected_tokens_in_review))?;
        writeln!(f, "  person-weeks insufficient                {}", self.insufficient_weeks)?;
        groups(f, "theater by family and dose", &self.families)?;
        groups(f, "theater by evasion", &self.evasions)?;
        groups(f, "look-alikes (all honest)", &self.look_alikes)?;
        let worst = &self.worst_look_alike_above;
        writeln!(f, "  worst above the threshold: {} {}", worst.name, worst.above_share)?;
        selective(f, self)?;
        writeln!(f, "\nattribution to commits")?;
        for row in &self.attribution {
            writeln!(
                f,
                "  {:10} {:6} pairs  precision {:22}  recall down to here {}",
                row.tier, row.pairs, row.precision, row.recall
            )?;
        }
        writeln!(f, "\npopulation tests")?;
        for row in &self.population {
            let interval = Estimate { value: row.estimate, low: row.ci_low, high: row.ci_high };
            let fires = if row.fires { "fires" } else { "" };
            let p = number(row.p);
            writeln!(
                f,
                "  {:24} {:32} {:8} {fires:5} estimate {interval} p {p} n {}",
                row.test, row.scope, row.status, row.n
            )?;
        }
        writeln!(f, "\np-values of honest people: share up to 0.01, 0.05, 0.1; distance from uniform")?;
        for row in &self.calibration {
            let [one, five, ten] = row.up_to;
            writeln!(f, "  {:24} {:7}  {one:.3} {five:.3} {ten:.3}  {:.3}", row.signal, row.n, row.distance)?;
        }
        writeln!(f, "\nsignals: share of readings that abstain; AUROC alone; AUROC and recall at 1 % FP without it")?;
        writeln!(f, "  {:24} all {}", "sum of weights", number(self.sum_of_weights))?;
        // Those that never spoke are listed too: silence is a finding about the data.
        for silent in &self.abstentions {
            let row = self.ablation.iter().find(|row| row.signal == silent.signal);
            writeln!(
                f,
                "  {:24} abstains {:.3}  alone {}  without {}  recall {}",
                silent.signal,
                silent.share,
                number(row.and_then(|row| row.alone)),
                number(row.and_then(|row| row.without)),
                row.and_then(|row| row.recall_change)
                    .map_or_else(|| "n/a".to_owned(), |change| format!("{change:+.3}"))
            )?;
        }
        Ok(())
    }
}
