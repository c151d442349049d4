import { Badge } from "@mantine/core";
import IconAlertTriangle from "@tabler/icons-react/icons/IconAlertTriangle";
import IconCheck from "@tabler/icons-react/icons/IconCheck";
import { graphql, readFragment, type FragmentType } from "../api/generated";
import classes from "./ComplianceBadge.module.css";

export const ComplianceBadgeFields = graphql(`
  fragment ComplianceBadge on Compliance {
    status
    gaps {
      message
    }
  }
`);

/** Whether a program's week meets its rule set. The gaps are its tooltip. */
export function ComplianceBadge({ of }: { of: FragmentType<typeof ComplianceBadgeFields> }) {
  const { status, gaps } = readFragment(ComplianceBadgeFields, of);
  const Icon = status === "COMPLIANT" ? IconCheck : IconAlertTriangle;
  return (
    <Badge
      className={classes.root}
      data-status={status}
      radius="sm"
      leftSection={<Icon size={13} aria-hidden />}
      title={gaps.map(({ message }) => message).join("; ") || undefined}
    >
      {status === "COMPLIANT" ? "Compliant" : "Non-Compliant"}
    </Badge>
  );
}
