import "@mantine/charts/styles.css";
import { BarChart } from "@mantine/charts";
import type { ComplianceStatus } from "../../api/generated/graphql";
import { hoursOf } from "../../ui/names";
import { formatShortDate } from "../../ui/times";

type Week = { weekStart: string; hours: number; status: ComplianceStatus };
type Props = { weeks: readonly Week[]; minimum: number | null; maximum: number | null };

const STRIPES = "forecast-stripes";
const SERIES = [
  { name: "COMPLIANT", label: "Compliant", color: "pine.7" },
  { name: "NON_COMPLIANT", label: "Non-Compliant", color: "red.7" },
];

/** The hours of the coming weeks. It is hidden from screen readers, which get the table with the same numbers. */
export default function ForecastChart({ weeks, minimum, maximum }: Props) {
  // The legend says what the lines mean: a label in the chart would lie behind the bars.
  const color = "light-dark(var(--mantine-color-gray-7), var(--mantine-color-dark-1))";
  const lines = [minimum, maximum].filter((y) => y !== null).map((y) => ({ y, color }));
  return (
    <div aria-hidden>
      <BarChart
        h={220}
        data={weeks.map(({ weekStart, hours, status }) => ({ week: formatShortDate(weekStart), [status]: hours }))}
        dataKey="week"
        type="stacked"
        series={SERIES}
        barProps={({ name }) => (name === "NON_COMPLIANT" ? { fill: `url(#${STRIPES})`, stroke: "var(--mantine-color-red-7)" } : {})}
        maxBarWidth={48}
        valueFormatter={hoursOf}
        referenceLines={lines}
        yAxisProps={{ width: 30, allowDecimals: false, tickFormatter: String, domain: [0, (most: number) => Math.ceil(Math.max(most, minimum ?? 0, maximum ?? 0) * 1.1)] }}
        gridAxis="y"
        tickLine="none"
        accessibilityLayer={false}
      >
        <defs>
          <pattern id={STRIPES} width="8" height="8" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
            <rect width="8" height="8" fill="var(--mantine-color-red-7)" fillOpacity="0.35" />
            <rect width="4" height="8" fill="var(--mantine-color-red-7)" />
          </pattern>
        </defs>
      </BarChart>
    </div>
  );
}
