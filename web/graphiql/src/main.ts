// Remove the token from the address bar before loading anything large. The page itself comes after.
import { takeTokenFromAddress } from "./token";

takeTokenFromAddress();
window.addEventListener("hashchange", takeTokenFromAddress);

const { showPage } = await import("./page");
showPage(document.getElementById("page")!);
