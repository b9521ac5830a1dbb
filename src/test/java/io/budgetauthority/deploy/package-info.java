/// What is deployed, as it is deployed: the zips of the functions, the server's package, and the
/// whole stack. Run after the builds that make them (`.ci/run` says how).
@NullMarked
package io.budgetauthority.deploy;

import org.jspecify.annotations.NullMarked;
