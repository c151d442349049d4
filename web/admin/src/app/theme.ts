import { Alert, Combobox, createTheme, Drawer, Fieldset, Menu, Modal, MultiSelect, Select, type MantineColorsTuple } from "@mantine/core";

// A calm teal. White on shade 6, and shade 7 on white, have the contrast that WCAG 2.2 AA requires of text.
const pine: MantineColorsTuple = [
  "#e9f7f7", "#cfecec", "#a5d8d8", "#76c1c2", "#4dabac", "#2f9495", "#1f7f81", "#166a6c", "#0f5658", "#093f41",
];

const SCROLLING_OPTIONS = {
  withScrollArea: false,
  // Browsers give what scrolls a stop of the Tab key. The field closes the list there, and the focus would be nowhere.
  attributes: { options: { tabIndex: -1 } },
  styles: { options: { maxHeight: 260, overflowY: "auto" } },
} as const;

// A dialog's header element would be a second banner of the page. It stays, and must not cover what gets the focus.
const DIALOG = {
  defaultProps: { attributes: { header: { role: "presentation" } }, closeButtonProps: { "aria-label": "Close" } },
  styles: { title: { fontSize: "var(--mantine-h4-font-size)", fontWeight: 650 }, content: { scrollPaddingBlockStart: 72 } },
} as const;

export const theme = createTheme({
  primaryColor: "pine",
  primaryShade: { light: 7, dark: 6 },
  colors: { pine },
  defaultRadius: "md",
  cursorType: "pointer",
  respectReducedMotion: true,
  fontFamily: '-apple-system, "Segoe UI", Roboto, "Helvetica Neue", "Noto Sans", "Liberation Sans", Arial, sans-serif',
  headings: { fontWeight: "650" },
  components: {
    // Mantine's colored titles have too little contrast. The icon and the background show the color.
    Alert: Alert.extend({ styles: { title: { color: "var(--mantine-color-text)" } } }),
    Fieldset: Fieldset.extend({ styles: { legend: { fontWeight: 600 } } }),
    // Options stay inside of the dialog or the page that they belong to, and their list scrolls itself, because an open
    // dialog hides the rest of the page from screen readers.
    Combobox: Combobox.extend({ defaultProps: { withinPortal: false, floatingStrategy: "fixed" } }),
    Menu: Menu.extend({ defaultProps: { withinPortal: false, withInitialFocusPlaceholder: false } }),
    MultiSelect: MultiSelect.extend({ defaultProps: SCROLLING_OPTIONS }),
    Select: Select.extend({ defaultProps: SCROLLING_OPTIONS }),
    Drawer: Drawer.extend(DIALOG),
    Modal: Modal.extend(DIALOG),
  },
});
