package io.budgetauthority.configuration;

import io.budgetauthority.tenant.store.ApiKeys;

/// A principal with its new secret, which is shown only this once.
public record IssuedKey(ApiKeys.Principal principal, String secret) {}
