/// The console in the browser: the page of every screen, and the index of the service. The screens
/// themselves are TypeScript in `src/console/web`. They use the public HTTP API alone.
@NullMarked
package io.budgetauthority.console;

import org.jspecify.annotations.NullMarked;
