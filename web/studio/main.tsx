/** Opens the studio's page. */
import { createRoot } from "react-dom/client";
import { ignoreStrayDrops } from "../shared/ui/strayDrops.ts";
import { App } from "./App.tsx";
import { makeStudio, StudioProvider } from "./studio.tsx";
import "../shared/theme.css";
import "../shared/parts/parts.css";
import "./studio.css";

const root = document.getElementById("root");
if (!root) throw new Error("the page lacks #root");
ignoreStrayDrops();
createRoot(root).render(
  <StudioProvider studio={makeStudio()}>
    <App />
  </StudioProvider>,
);
