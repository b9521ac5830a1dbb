/// Who asks and what applies to them: callers and their roles, policies, ceilings, scopes, windows
/// and calendars, as pure values.
@NullMarked
package io.budgetauthority.tenant;

import org.jspecify.annotations.NullMarked;
