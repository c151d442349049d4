import { Badge } from "@mantine/core";
import IconAlertTriangle from "@tabler/icons-react/icons/IconAlertTriangle";
import IconCheck from "@tabler/icons-react/icons/IconCheck";
import IconProgressCheck from "@tabler/icons-react/icons/IconProgressCheck";
import IconX from "@tabler/icons-react/icons/IconX";
import type { ComplianceOutlook } from "../api/generated/graphql";
import classes from "./OutlookBadge.module.css";
import { OUTLOOKS } from "./outlooks";

const MEANINGS: Record<ComplianceOutlook, string> = {
  CANNOT_BE_MET: "The scheduled sessions do not suffice",
  AT_RISK: "The scheduled sessions suffice only if every remaining one is held",
  ON_TRACK: "The scheduled sessions suffice, also if any one of the remaining ones is lost",
  MET: "The sessions that are over suffice",
};

const ICONS = { CANNOT_BE_MET: IconX, AT_RISK: IconAlertTriangle, ON_TRACK: IconProgressCheck, MET: IconCheck };

/** Whether a patient's week will meet its rule set. */
export function OutlookBadge({ outlook }: { outlook: ComplianceOutlook }) {
  const Icon = ICONS[outlook];
  return (
    <Badge
      className={classes.root}
      data-outlook={outlook}
      radius="sm"
      leftSection={<Icon size={13} aria-hidden />}
      title={MEANINGS[outlook]}
    >
      {OUTLOOKS[outlook]}
    </Badge>
  );
}
