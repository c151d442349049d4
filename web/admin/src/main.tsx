// Remove the token from the address bar before anything large loads. The page itself comes after.
import { takeTokenFromAddress } from "./session/token";

takeTokenFromAddress();
window.addEventListener("hashchange", takeTokenFromAddress);

const { showPage } = await import("./app/App");
showPage(document.getElementById("page")!);
