-- A small company's books: what finance works with, and what concerns its people alone.
CREATE TABLE vendors (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    country TEXT NOT NULL,
    payment_days INTEGER NOT NULL
);
CREATE TABLE invoices (
    number TEXT PRIMARY KEY,
    vendor_id INTEGER NOT NULL REFERENCES vendors (id),
    issued TEXT NOT NULL,
    due TEXT NOT NULL,
    amount_eur REAL NOT NULL CHECK (amount_eur > 0),
    paid TEXT
);
CREATE TABLE hr_salaries (
    id INTEGER PRIMARY KEY,
    person TEXT NOT NULL,
    role TEXT NOT NULL,
    yearly_eur INTEGER NOT NULL
);
CREATE VIEW open_invoices AS
SELECT invoices.number, vendors.name AS vendor, invoices.due, invoices.amount_eur
FROM invoices JOIN vendors ON vendors.id = invoices.vendor_id
WHERE invoices.paid IS NULL;

INSERT INTO vendors VALUES
    (1, 'Northwind Paper', 'DE', 30),
    (2, 'Halden Tools', 'NO', 14),
    (3, 'Kestrel Express', 'IE', 7),
    (4, 'Lindgren Cleaning', 'SE', 30),
    (5, 'Orion Hosting', 'NL', 14);
INSERT INTO invoices VALUES
    ('NP-2201', 1, '2026-01-12', '2026-02-11', 1840.00, '2026-02-09'),
    ('NP-2245', 1, '2026-04-02', '2026-05-02', 2115.50, '2026-05-04'),
    ('NP-2310', 1, '2026-07-20', '2026-08-19', 960.25, NULL),
    ('HT-0871', 2, '2026-02-03', '2026-02-17', 12400.00, '2026-02-16'),
    ('HT-0902', 2, '2026-06-11', '2026-06-25', 3275.80, NULL),
    ('KE-5519', 3, '2026-03-01', '2026-03-08', 148.90, '2026-03-08'),
    ('KE-5604', 3, '2026-05-17', '2026-05-24', 212.40, '2026-06-01'),
    ('KE-5688', 3, '2026-08-02', '2026-08-09', 96.00, NULL),
    ('LC-0033', 4, '2026-03-31', '2026-04-30', 780.00, '2026-04-28'),
    ('LC-0034', 4, '2026-06-30', '2026-07-30', 780.00, '2026-07-29'),
    ('OH-7741', 5, '2026-01-01', '2026-01-15', 459.00, '2026-01-14'),
    ('OH-7990', 5, '2026-07-01', '2026-07-15', 459.00, '2026-07-15');
INSERT INTO hr_salaries VALUES
    (1, 'Ines Moreau', 'Head of finance', 98000),
    (2, 'Tomas Lind', 'Accountant', 56500),
    (3, 'Priya Nair', 'Engineer', 74000),
    (4, 'Jonas Weber', 'Engineer', 71500),
    (5, 'Aoife Byrne', 'Office manager', 48000);
