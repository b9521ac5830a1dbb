package io.budgetauthority.ledger;

import io.budgetauthority.money.MicroUsd;
import java.time.Instant;

/// The best word heard about a reservation's usage: what is charged for it, how good the word is,
/// and the particulars as the settlement package wrote them, which the ledger does not read.
public record Settled(MicroUsd charge, UsageQuality quality, String particulars, Instant at) {}
