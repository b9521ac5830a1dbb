/// Resources for tenants, policies, ceilings, API keys and the audit trail.
@NullMarked
package io.budgetauthority.api.configuration;

import org.jspecify.annotations.NullMarked;
