//! The figures of `bench codegen` for people.

use super::report::{Compiled, Edited, Generator, Growth, Ratios, Release, Report};
use crate::bench::table::{figure, table};

impl Compiled {
    /// The figures in one line.
    pub fn line(&self) -> String {
        let [
            name,
            check_s,
            check_mb,
            build_s,
            build_mb,
            binary_mb,
            start_ms,
            _,
        ] = self.row();
        format!(
            "{name}: check {check_s} CPU s, {check_mb} MB; build {build_s} CPU s, {build_mb} MB; \
             binary {binary_mb} MB, listens after {start_ms} ms"
        )
    }

    fn row(&self) -> [String; 8] {
        let with = |value: f64, ratio: fn(&Ratios) -> f64| match &self.ratios {
            Some(ratios) => format!("{} ({})", figure(value), figure(ratio(ratios))),
            None => figure(value),
        };
        [
            format!("{} {}", self.operations, self.layout),
            with(self.check.cpu_s, |ratios| ratios.check_cpu),
            with(self.check.peak_mb, |ratios| ratios.check_peak),
            with(self.build.cpu_s, |ratios| ratios.build_cpu),
            with(self.build.peak_mb, |ratios| ratios.build_peak),
            with(self.binary_mb, |ratios| ratios.binary),
            with(self.start_ms, |ratios| ratios.start),
            if self.starts_on_2_mib { "yes" } else { "no" }.to_owned(),
        ]
    }
}

impl crate::bench::Report for Report {
    fn text(&self) -> String {
        let generator: Vec<_> = (self.generator.iter())
            .map(|Generator { operations, cost }| {
                let per_second = *operations as f64 / cost.cpu_s;
                [
                    operations.to_string(),
                    figure(cost.cpu_s),
                    figure(per_second),
                    figure(cost.peak_mb),
                ]
            })
            .collect();
        let compiled: Vec<_> = self.compiled.iter().map(Compiled::row).collect();
        let mut text = format!(
            "{}; median of {}\n\nThe generator, debug build\n{}\n\
             The crate alone, dependencies built before; in brackets the ratio to api_description\n{}\n",
            self.machine.text(),
            self.rounds,
            table(
                ["operations", "CPU s", "operations/s", "peak MB"],
                &generator
            ),
            table(
                [
                    "operations",
                    "check CPU s",
                    "MB",
                    "build CPU s",
                    "MB",
                    "binary MB",
                    "start ms",
                    "on 2 MiB"
                ],
                &compiled
            )
        );
        for Growth {
            layout,
            from,
            to,
            check,
            build,
        } in &self.growth
        {
            let (check, build) = (figure(*check), figure(*build));
            text.push_str(&format!(
                "{from} to {to} operations, {layout}: check {check} of linear, build {build}\n"
            ));
        }
        if !self.edited.is_empty() {
            let rows: Vec<_> = (self.edited.iter())
                .map(
                    |Edited {
                         layout,
                         operations,
                         check,
                         build,
                     }| {
                        let costs =
                            [check.wall_s, check.cpu_s, build.wall_s, build.cpu_s].map(figure);
                        let [check_s, check_cpu, build_s, build_cpu] = costs;
                        [
                            format!("{operations} {layout}"),
                            check_s,
                            check_cpu,
                            build_s,
                            build_cpu,
                        ]
                    },
                )
                .collect();
            let head = [
                "operations",
                "check s",
                "check CPU s",
                "build s",
                "build CPU s",
            ];
            text.push_str(&format!(
                "\nOne handler edited, and cargo again\n{}",
                table(head, &rows)
            ));
        }
        if let Some(Release {
            operations,
            build,
            binary_mb,
            start_ms,
        }) = &self.release
        {
            text.push_str(&format!(
                "\nRelease build of {operations} operations: {} CPU s, {} MB; the binary has {} MB and listens after {} ms\n",
                figure(build.cpu_s),
                figure(build.peak_mb),
                figure(*binary_mb),
                figure(*start_ms)
            ));
        }
        text
    }
}
